#include "tensorflow_serving/model_servers/json_writer.h"

namespace sample {

JsonWriter& JsonWriter::Open(char bracket) {
  Begin();
  text_ += bracket;
  levels_.push_back({bracket == '{' ? '}' : ']', false});
  return *this;
}

JsonWriter& JsonWriter::OpenLine(char bracket) {
  Open(bracket);
  levels_.back().one_line = true;
  return *this;
}

JsonWriter& JsonWriter::Close() {
  const Level level = levels_.back();
  levels_.pop_back();
  if (!level.one_line && !level.empty) NewLine();
  text_ += level.end;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Begin();
  Quote(key);
  text_ += ": ";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view text) {
  Begin();
  Quote(text);
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Begin();
  text_ += json;
  return *this;
}

void JsonWriter::Begin() {
  const bool has_key = after_key_;
  after_key_ = false;
  if (has_key || levels_.empty()) return;
  Level& level = levels_.back();
  if (!level.empty) text_ += level.one_line ? ", " : ",";
  level.empty = false;
  if (!level.one_line) NewLine();
}

void JsonWriter::NewLine() {
  text_ += '\n';
  text_.append(levels_.size() * indent_, ' ');
}

void JsonWriter::Quote(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  text_ += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text_ += {'\\', c};
    } else if (c == '\n') {
      text_ += "\\n";
    } else if (byte < 0x20) {
      text_ += {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

std::string ErrorJson(std::string_view message) {
  return JsonWriter(4).Open('{').Key("error").Text(message).Close().text();
}

}  // namespace sample
