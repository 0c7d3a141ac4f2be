// Writes JSON text piece by piece. What is inside what is the caller's care; commas, lines and escapes are done here.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_JSON_WRITER_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_JSON_WRITER_H_

#include <string>
#include <string_view>
#include <vector>

namespace sample {

class JsonWriter {
 public:
  // TensorFlow Serving indents what it writes itself by four spaces, and protobuf's JSON by one.
  explicit JsonWriter(std::size_t indent) : indent_(indent) {}

  // `Open('{')` or `Open('[')` on lines of their own; `OpenLine` keeps everything inside on one line.
  JsonWriter& Open(char bracket);
  JsonWriter& OpenLine(char bracket);
  JsonWriter& Close();
  JsonWriter& Key(std::string_view key);
  JsonWriter& Text(std::string_view text);
  // A value that is JSON already: a number, true or false.
  JsonWriter& Raw(std::string_view json);

  const std::string& text() const { return text_; }

 private:
  struct Level {
    char end;
    bool one_line;
    bool empty = true;
  };

  void Begin();  // of a key or of a value without one: comma and line before it
  void NewLine();
  void Quote(std::string_view text);

  std::size_t indent_;
  std::string text_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

// {"error": message}, as TensorFlow Serving writes it.
std::string ErrorJson(std::string_view message);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_JSON_WRITER_H_
