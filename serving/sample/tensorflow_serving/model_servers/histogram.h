// How often values fell into which range: the buckets of TensorFlow Serving's latencies, 33 of them from 10 us, each 1.8 times
// the one before.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_HISTOGRAM_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_HISTOGRAM_H_

#include <array>
#include <cstdint>
#include <string>

namespace sample {

class Histogram {
 public:
  void Add(double value);

  // Prometheus' text of it: `name_bucket{labels,le="..."}`, each counting all below it, `name_sum`, `name_count`.
  std::string Text(const std::string& name, const std::string& labels) const;

 private:
  std::array<std::uint64_t, 34> counts_{};  // the last is beyond all bounds
  double sum_ = 0;
};

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_HISTOGRAM_H_
