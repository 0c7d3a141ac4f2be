#include "tensorflow_serving/model_servers/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sample {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr signed char kNone = -1;
constexpr signed char kSpace = -2;
constexpr signed char kPadding = -3;

constexpr std::array<signed char, 256> Values() {
  std::array<signed char, 256> values{};
  for (signed char& value : values) value = kNone;
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<signed char>(i);
  }
  for (const char space : std::string_view(" \t\r\n")) values[static_cast<unsigned char>(space)] = kSpace;
  values['='] = kPadding;
  return values;
}

}  // namespace

std::string Base64Encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t length = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < length; ++j) {
      group |= std::uint32_t{static_cast<unsigned char>(bytes[i + j])} << (16 - 8 * j);
    }
    for (std::size_t j = 0; j < 4; ++j) text += j <= length ? kDigits[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::optional<std::string> Base64Decode(std::string_view text) {
  static constexpr std::array<signed char, 256> kValues = Values();
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t group = 0;
  int digits = 0;
  int padding = 0;
  for (const char c : text) {
    const signed char value = kValues[static_cast<unsigned char>(c)];
    if (value == kSpace) continue;
    if (value == kPadding) {
      ++padding;
      continue;
    }
    if (value == kNone || padding > 0) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(value);
    if (++digits < 4) continue;
    bytes += {static_cast<char>(group >> 16), static_cast<char>(group >> 8), static_cast<char>(group)};
    digits = 0;
    group = 0;
  }
  // What is left of an unfinished group: two digits hold one byte, three hold two.
  if (digits == 1 || (padding > 0 && digits + padding != 4)) return std::nullopt;
  if (digits == 2) bytes += static_cast<char>(group >> 4);
  if (digits == 3) bytes += {static_cast<char>(group >> 10), static_cast<char>(group >> 2)};
  return bytes;
}

}  // namespace sample
