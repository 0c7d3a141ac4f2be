// The sample server, not TensorFlow Serving: same label, same flags, same REST API, TensorFlow behind it. See README.md.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <optional>
#include <thread>
#include <variant>

#include "tensorflow_serving/kernels/device.h"
#include "tensorflow_serving/kernels/self_check.h"
#include "tensorflow_serving/model_servers/flags.h"
#include "tensorflow_serving/model_servers/monitoring.h"
#include "tensorflow_serving/model_servers/rest_api.h"
#include "tensorflow_serving/model_servers/rest_server.h"
#include "tensorflow_serving/servables/served_model.h"
#include "tensorflow_serving/servables/session.h"

namespace {

constexpr char kWhat[] = "the sample server, not TensorFlow Serving";
constexpr std::chrono::seconds kDrainPatience(30);

// Blocked, a signal waits until it is asked for, even where this is process 1 of a container. Threads inherit it, so this
// comes first.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int WaitForSignal(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  return signal;
}

void Watch(sample::ServedModel& model, std::chrono::seconds interval) {
  do {
    model.Poll();
    std::this_thread::sleep_for(interval);
  } while (interval.count() > 0);
}

// Ends the process at once: threads that still work on something must not see their world taken down.
[[noreturn]] void End(int status) {
  std::fflush(nullptr);
  _exit(status);
}

int Serve(const sample::Flags& flags) {
  const sigset_t stop_signals = BlockStopSignals();
  std::fprintf(stderr, "%s, on a %s, with TensorFlow %s\n", kWhat, sample::DeviceName().data(),
               sample::LibraryVersion());

  const std::optional<std::uint32_t> checksum = sample::SelfCheck();
  if (!checksum) {
    std::fprintf(stderr, "self-check failed: the kernels contradict each other on this machine\n");
    return 1;
  }
  std::fprintf(stderr, "self-check passed: %08x\n", *checksum);

  const int both = flags.tensorflow_session_parallelism;
  sample::ServedModel model(flags.model_name, flags.model_base_path,
                            {both > 0 ? both : flags.tensorflow_intra_op_parallelism,
                             both > 0 ? both : flags.tensorflow_inter_op_parallelism});
  const std::chrono::milliseconds timeout(flags.rest_api_timeout_in_ms);
  std::optional<sample::Monitoring> monitoring;
  if (!flags.monitoring_config_file.empty()) monitoring.emplace(flags.monitoring_config_file);
  std::optional<sample::RestServer> rest;
  if (flags.rest_api_port != 0) {
    const auto answer = [&model, timeout](const sample::RestRequest& request) { return Answer(model, timeout, request); };
    const auto monitored = [&monitoring, answer](const sample::RestRequest& request) {
      return monitoring->Answer(request, answer);
    };
    using Answering = std::function<sample::RestAnswer(const sample::RestRequest&)>;
    rest.emplace(flags.rest_api_port, flags.rest_api_num_threads, monitoring ? Answering(monitored) : Answering(answer));
    std::fprintf(stderr, "REST API on port %u\n", unsigned{flags.rest_api_port});
  }
  std::fprintf(stderr, "gRPC port %u accepted, not served by the sample\n", unsigned{flags.port});

  std::thread(Watch, std::ref(model), std::chrono::seconds(flags.file_system_poll_wait_seconds)).detach();
  if (rest) {
    std::thread([&rest] {
      try {
        rest->Serve();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        End(1);
      }
    }).detach();
  }

  WaitForSignal(stop_signals);
  std::thread([&stop_signals] { End(128 + WaitForSignal(stop_signals)); }).detach();
  std::fprintf(stderr, "stopping: requests in flight finish, new ones are refused\n");
  const bool drained = !rest || rest->Drain(kDrainPatience);
  std::fprintf(stderr, drained ? "stopped\n" : "stopped: some requests took too long and were given up\n");
  End(drained ? 0 : 1);
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = sample::ParseFlags(argc, argv);
  if (const auto* error = std::get_if<sample::FlagError>(&parsed)) {
    // As TensorFlow Serving has it: on stdout, and -1.
    std::cout << error->message << '\n' << sample::Usage();
    return 255;
  }
  const auto& flags = std::get<sample::Flags>(parsed);
  if (flags.help) {
    std::cout << kWhat << '\n' << sample::Usage();
    return 0;
  }
  if (flags.version) {
    std::cout << kWhat << '\n' << sample::DeviceName() << "\nTensorFlow Library: " << sample::LibraryVersion() << '\n';
    return 0;
  }
  try {
    return Serve(flags);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
