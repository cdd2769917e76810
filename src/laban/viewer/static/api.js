// Questions to the server; an answer that is none is an Error with its reason.

async function answered(response) {
  if (response.ok) return response;
  let reason = `the server answered ${response.status}`;
  try {
    const { detail } = await response.json();
    if (typeof detail === "string") reason = detail;
  } catch {
    // An answer without words keeps its number.
  }
  throw new Error(reason);
}

const words = (query) => {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

const PATIENCE = 10; // times that an answer is asked for again which was not ready

export async function ask(path, query = {}, signal) {
  let response;
  for (let time = 0; time < PATIENCE; time++) {
    response = await fetch(path + words(query), { signal });
    if (response.status !== 408) break; // the work goes on behind a 408
  }
  return (await answered(response)).json();
}

/** A stream of a clip: its shape [persons, frames, joints, channels] and its numbers. */
export async function askStream(clip, name, signal) {
  const path = `${clip}/streams/${encodeURIComponent(name)}`;
  const response = await answered(await fetch(path, { signal }));
  const shape = response.headers.get("X-Shape").split(",").map(Number);
  return { name, shape, values: new Float32Array(await response.arrayBuffer()) };
}

export async function upload(file) {
  const path = `/view${words({ name: file.name })}`;
  return (await answered(await fetch(path, { method: "POST", body: file }))).json();
}
