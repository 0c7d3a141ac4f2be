#include "tensorflow_serving/model_servers/rest_path.h"

#include <charconv>
#include <system_error>

#include "tensorflow_serving/servables/failure.h"

namespace sample {
namespace {

// Takes `beginning` off `text` if it begins so.
bool Eat(std::string_view beginning, std::string_view& text) {
  if (text.substr(0, beginning.size()) != beginning) return false;
  text.remove_prefix(beginning.size());
  return true;
}

std::string_view EatUntil(std::string_view stops, std::string_view& text) {
  const std::string_view eaten = text.substr(0, text.find_first_of(stops));
  text.remove_prefix(eaten.size());
  return eaten;
}

std::int64_t Version(std::string_view digits) {
  std::int64_t version = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, version);
  if (error == std::errc() && rest == end) return version;
  throw Failure(TF_INVALID_ARGUMENT, "Failed to convert version: " + std::string(digits) + " to numeric.");
}

}  // namespace

std::optional<RestPath> ReadRestPath(std::string_view text) {
  RestPath path;
  if (!Eat("/v1/models", text)) return std::nullopt;
  if (Eat("/", text)) {
    path.model = EatUntil("/:", text);
    if (path.model.empty()) return std::nullopt;
  }
  if (Eat("/versions/", text)) {
    const std::string_view digits = EatUntil("/:", text);
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    path.version = Version(digits);
  }
  path.rest = text;
  return path;
}

}  // namespace sample
