// Runs of this browser, kept in its local storage: the reply and a small picture, never the upload itself.

const KEY = "resizer.history";
const MOST = 20;

let kept = load();
let broken = false;

function load() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((run) => run?.id && run?.file?.derivatives && Array.isArray(run.file.server_names)) : [];
  } catch {
    return [];
  }
}

/** All kept runs, the newest first: `{id, when, name, thumb, query, saving, partial, file}`. */
export const runs = () => kept;

/** Whether this browser refused to keep runs. */
export const refused = () => broken;

/** Keeps `run`; the oldest go when there are too many or no room. */
export function keep(run) {
  kept = [run, ...kept].slice(0, MOST);
  save();
}

export function forget(id) {
  kept = kept.filter((run) => run.id !== id);
  save();
}

export function forgetAll() {
  kept = [];
  save();
}

function save() {
  for (let most = kept.length; ; most -= 1) {
    try {
      localStorage.setItem(KEY, JSON.stringify(kept.slice(0, most)));
      kept = kept.slice(0, Math.max(most, 1));
      broken = most === 0 && kept.length > 0;
      return;
    } catch {
      if (most === 0) {
        broken = true;
        return;
      }
    }
  }
}
