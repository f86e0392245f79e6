/** The part of the jobboards' contract that is about leases. */
import type { Define, Subject } from "./jobboard-subject.ts";

export function jobboardLeases(test: Define, subject: Subject): void {
  test("a lease is made, renewed, seen by others and dropped", async (t, board) => {
    const elsewhere = await subject.again(board);
    t.strictSame(await board.leases(), []);
    const first = await board.renew({ owner: "c 1", leaseMs: 15_000, details: { host: "a" } });
    const second = await board.renew({ owner: "c 1", leaseMs: 15_000, isStalled: true });
    const other = await elsewhere.renew({ owner: "c2", leaseMs: 1_000 });
    t.ok(second > first && first > 0);
    const byOwner = (await elsewhere.leases()).toSorted((a, b) => (a.owner < b.owner ? -1 : 1));
    t.strictSame(byOwner, [
      { owner: "c 1", leaseMs: 15_000, isStalled: true, revision: second },
      { owner: "c2", leaseMs: 1_000, isStalled: false, revision: other },
    ]);
    t.equal(await board.count(), 0, "leases are no jobs");
    t.equal(await elsewhere.dropLease("c 1", first), false, "it was renewed since");
    t.equal(await elsewhere.dropLease("c 1", second), true);
    t.equal(await elsewhere.dropLease("c 1", second), false);
    t.strictSame(
      (await board.leases()).map(({ owner }) => owner),
      ["c2"],
    );
    await elsewhere.close();
  });

  test("a lease that others dropped is lost for good", async (t, board) => {
    const elsewhere = await subject.again(board);
    const lease = { owner: "c", leaseMs: 1_000 };
    const revision = await board.renew(lease);
    t.equal(await elsewhere.dropLease("c", revision), true);
    const lost = {
      code: "LEASE_TAKEN",
      about: { owner: "c", revision },
      message: `the lease of c was changed or dropped by another after revision ${revision}`,
    };
    await t.rejects(board.renew(lease), lost);
    await t.rejects(board.renew(lease), lost);
    t.strictSame(await board.leases(), []);
    t.ok((await elsewhere.renew(lease)) > revision, "another may have it");
    await t.rejects(board.renew(lease), lost);
    await elsewhere.close();
  });

  test("two with one name don't share a lease", async (t, board) => {
    const elsewhere = await subject.again(board);
    const lease = { owner: "c", leaseMs: 1_000 };
    const revision = await board.renew(lease);
    await t.rejects(elsewhere.renew(lease), { code: "LEASE_TAKEN" });
    t.ok((await board.renew(lease)) > revision);
    await elsewhere.close();
  });

  test("its own owner drops a lease and makes it anew", async (t, board) => {
    const lease = { owner: "c", leaseMs: 1_000 };
    const revision = await board.renew(lease);
    t.equal(await board.dropLease("c", revision), true);
    t.ok((await board.renew(lease)) > revision);
  });

  test("renewals at once go one after the other", async (t, board) => {
    const lease = { owner: "c", leaseMs: 1_000 };
    const revisions = await Promise.all(Array.from({ length: 20 }, async () => board.renew(lease)));
    t.strictSame(
      revisions,
      [...new Set(revisions)].sort((a, b) => a - b),
    );
  });

  test("a lease is checked", async (t, board) => {
    for (const [lease, message] of [
      [{ owner: "", leaseMs: 1 }, 'option "owner": is empty'],
      [
        { owner: "c", leaseMs: 0 },
        'option "leaseMs": 0 is not a whole number of milliseconds of 1 or more',
      ],
      [{ owner: "c", leaseMs: 1, details: { f: () => 1 } }, "details.f is a function"],
    ] as const) {
      await t.rejects(board.renew(lease), { message });
    }
    t.strictSame(await board.leases(), []);
  });
}
