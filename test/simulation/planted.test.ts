// Bugs planted into simulated clusters: each is found, and told.
import t from "tap";
import { plants } from "./cluster/plants.ts";
import { storyOf } from "./cluster/story.ts";
import { ClusterWorld } from "./cluster/world.ts";

// As long as it takes, where others use the processor too.
t.setTimeout(900_000);

/** Seeds within which each bug must be found. */
const most = 1_000;

for (const [name, plant] of Object.entries(plants)) {
  t.test(`a planted bug is found: ${name}`, { timeout: 0 }, async (t) => {
    let found: Error | undefined;
    let seed = 0;
    while (found === undefined && seed < most) {
      found = await new ClusterWorld({ seed: ++seed, plant }).run();
    }
    t.ok(found, `with seed ${seed}`);
    if (found === undefined) return;
    const story = await storyOf({ seed, plant }, found);
    t.match(story, new RegExp(`^seed ${seed}: `), "and the same seed tells the same story");
    t.ok(story.includes(found.message));
  });
}
