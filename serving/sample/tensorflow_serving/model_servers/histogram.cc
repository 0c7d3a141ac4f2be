#include "tensorflow_serving/model_servers/histogram.h"

#include <cstddef>
#include <cstdio>

namespace sample {
namespace {

constexpr double kFirstBound = 10;
constexpr double kGrowth = 1.8;

std::string Shown(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", number);
  return text;
}

}  // namespace

void Histogram::Add(double value) {
  std::size_t bucket = 0;
  for (double bound = kFirstBound; value >= bound && bucket + 1 < counts_.size(); bound *= kGrowth) ++bucket;
  ++counts_[bucket];
  sum_ += value;
}

std::string Histogram::Text(const std::string& name, const std::string& labels) const {
  std::string text;
  std::uint64_t below = 0;
  double bound = kFirstBound;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket, bound *= kGrowth) {
    below += counts_[bucket];
    const std::string end = bucket + 1 < counts_.size() ? Shown(bound) : "+Inf";
    text += name + "_bucket{" + labels + ",le=\"" + end + "\"} " + std::to_string(below) + '\n';
  }
  text += name + "_sum{" + labels + "} " + Shown(sum_) + '\n';
  text += name + "_count{" + labels + "} " + std::to_string(below) + '\n';
  return text;
}

}  // namespace sample
