// The sample's stand-in for the Inception exporter: its flags, its messages, and a model that is not Inception.
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tensorflow_serving/example/saved_model.h"

namespace {

namespace fs = std::filesystem;

struct Flags {
  fs::path checkpoint_dir = "/tmp/inception_train";
  fs::path output_dir = "/tmp/inception_output";
  std::uint64_t model_version = 1;
};

constexpr std::string_view kUsage =
    "usage: inception_saved_model [FLAGS]\n"
    "  --checkpoint_dir=/tmp/inception_train  folder with the text file `checkpoint`\n"
    "  --output_dir=/tmp/inception_output     folder of all versions\n"
    "  --model_version=1                      name of the version's folder\n";

std::uint64_t Number(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) throw std::invalid_argument("bad value: " + std::string(text));
  return number;
}

Flags ParseFlags(int argc, const char* const* argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    if (equals == std::string_view::npos) throw std::invalid_argument("no value: " + std::string(argument));
    const std::string_view value = argument.substr(equals + 1);
    if (name == "--checkpoint_dir") {
      flags.checkpoint_dir = value;
    } else if (name == "--output_dir") {
      flags.output_dir = value;
    } else if (name == "--model_version") {
      flags.model_version = Number(value);
    } else {
      throw std::invalid_argument("unknown argument: " + std::string(argument));
    }
  }
  return flags;
}

// The path in the line `model_checkpoint_path: "..."` of a state file; a relative one is seen from the file's folder.
std::optional<fs::path> FindCheckpoint(const fs::path& folder) {
  constexpr std::string_view kKey = "model_checkpoint_path: \"";
  std::ifstream state(folder / "checkpoint");
  for (std::string line; std::getline(state, line);) {
    if (line.compare(0, kKey.size(), kKey) != 0) continue;
    const std::string named = line.substr(kKey.size(), line.rfind('"') - kKey.size());
    if (!named.empty()) return folder / named;
  }
  return std::nullopt;
}

// A V2 checkpoint is named by what its files begin with.
bool IsThere(const fs::path& checkpoint) {
  return fs::exists(checkpoint) || fs::exists(checkpoint.string() + ".index");
}

void Write(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

void Export(const Flags& flags) {
  const std::optional<fs::path> checkpoint = FindCheckpoint(flags.checkpoint_dir);
  if (!checkpoint) {
    // The original ends well, too.
    std::cout << "No checkpoint file found at " << flags.checkpoint_dir.string() << std::endl;
    return;
  }
  if (!IsThere(*checkpoint)) throw std::runtime_error("no such checkpoint: " + checkpoint->string());
  const std::string name = checkpoint->filename().string();
  const std::string step = name.substr(name.rfind('-') + 1);
  std::cout << "Successfully loaded model from " << checkpoint->string() << " at step=" << step << "." << std::endl;
  const fs::path version = flags.output_dir / std::to_string(flags.model_version);
  if (fs::exists(version)) throw std::runtime_error("there is a version already: " + version.string());
  std::cout << "Exporting trained model to " << version.string() << std::endl;
  fs::create_directories(version);
  Write(version / "saved_model.pb", sample::HalfPlusTwo());
  std::cout << "Successfully exported model to " << flags.output_dir.string() << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  std::cout << "the sample's stand-in for the Inception exporter: its model is y = 0.5 * x + 2, whatever the checkpoint"
            << std::endl;
  try {
    Export(ParseFlags(argc, argv));
  } catch (const std::invalid_argument& error) {
    std::cerr << error.what() << '\n' << kUsage;
    return 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
