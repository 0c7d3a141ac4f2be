// The open connections, one thread each, so that a silent client holds up nobody; and which of them are owed an answer.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_CONNECTIONS_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_CONNECTIONS_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace sample {

class Connections {
 public:
  // Holds a conversation on a thread of its own; waits while there are too many. Until its first answer a connection
  // counts as owed one: its request is on the way.
  void Open(std::function<void()> conversation);

  // Called by a conversation: another request has begun, and its answer is out.
  void RequestBegun();
  void AnswerSent();

  // Whether no connection is owed an answer, at the latest when the patience ends.
  bool WaitUntilQuiet(std::chrono::seconds patience);

 private:
  void Converse(const std::function<void()>& conversation);

  std::mutex mutex_;
  std::condition_variable changed_;
  int open_ = 0;
  int owed_ = 0;
};

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_CONNECTIONS_H_
