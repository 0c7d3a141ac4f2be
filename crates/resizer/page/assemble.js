// A comparison as it comes in, event by event, in the shape of the finished reply: what has arrived can always be shown.

/** Starts a reply from the event `start`. */
export const begun = (start) => ({ ...start, server_names: start.server_names ?? [], sizes: start.sizes ?? [], derivatives: {} });

/** Adds the event `derivative`. */
export function withDerivative(file, { key, ...derivative }) {
  file.derivatives[key] = { ...derivative, predictions: file.derivatives[key]?.predictions ?? {} };
}

/** Adds the event `cell`. */
export function withCell(file, { key, server, prediction }) {
  file.derivatives[key] ??= { predictions: {} };
  file.derivatives[key].predictions[server] = prediction;
}

/** Puts rows and servers in their own order and takes the means over what arrived: the service sends both only at the end. */
export function settled(file) {
  const keys = file.sizes.filter((key) => file.derivatives[key]?.image_size);
  const derivatives = {};
  for (const key of keys) {
    const derivative = { ...file.derivatives[key] };
    const predictions = {};
    for (const server of file.server_names) {
      if (derivative.predictions[server]) predictions[server] = derivative.predictions[server];
    }
    const answers = Object.values(predictions).filter((prediction) => !prediction.error);
    derivative.predictions = predictions;
    derivative.average_precision = mean(answers.map((answer) => answer.precision));
    derivative.average_duration = mean(answers.map((answer) => answer.predict_duration));
    derivatives[key] = derivative;
  }
  return { ...file, sizes: keys, derivatives };
}

function mean(values) {
  const numbers = values.filter((value) => typeof value === "number");
  return numbers.length > 0 ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : null;
}
