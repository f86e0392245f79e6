/** How a report looks: in the light or in the dark, as the reader's system has it. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --bg: #f6f7f9; --panel: #fff; --line: #dde1e7; --text: #1b2430; --dim: #5c6876;
  --green: #17804a; --blue: #2063d8; --red: #c02c2b; --amber: #965e00; --violet: #7a3fd0;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #0e1116; --panel: #161b22; --line: #2a313c; --text: #e3e8ef; --dim: #94a0b0;
    --green: #3fb873; --blue: #6fa8ff; --red: #f2706b; --amber: #e0a93b; --violet: #b48bff;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--text); font: 14px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif }
main, header { max-width: 1280px; margin: 0 auto; padding: 0 24px }
header { padding-top: 24px }
h1 { margin: 0; font-size: 22px; overflow-wrap: anywhere }
h2 { margin: 0 0 8px; font-size: 16px }
h3 { margin: 12px 0 4px; font-size: 13px; color: var(--dim) }
section { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin: 16px 0 }
.wide { overflow-x: auto }
.why { font-size: 15px; margin: 8px 0 0; overflow-wrap: anywhere }
.dim { color: var(--dim) }
.id, pre, code { font-family: var(--mono); font-size: 12px }
.id { color: var(--dim); overflow-wrap: anywhere }
pre { margin: 4px 0; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 360px; overflow: auto }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0 }
dt { color: var(--dim) }
dd { margin: 0; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
th { text-align: left; color: var(--dim); font-weight: 600; font-size: 12px }
th, td { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
td.name { white-space: pre; font-family: var(--mono); font-size: 12px }
td.number { white-space: nowrap; font-variant-numeric: tabular-nums }
td.bad, .bad { color: var(--red) }
summary { cursor: pointer; color: var(--dim); font-size: 12px }
summary code { color: var(--text) }
ul.causes { margin: 0; padding-left: 16px }
.badge { display: inline-block; padding: 0 8px; border-radius: 9px; font-size: 11px; line-height: 18px; font-weight: 600; border: 1px solid currentColor; color: var(--dim); white-space: nowrap }
h1 .badge { font-size: 13px; line-height: 22px; border-radius: 12px; vertical-align: 3px }
.badge.SUCCESS { color: var(--green) } .badge.RUNNING, .badge.RESUMING { color: var(--blue) }
.badge.FAILURE, .badge.REVERT_FAILURE, .badge.PARKED { color: var(--red) }
.badge.REVERTING, .badge.REVERTED, .badge.SUSPENDING, .badge.SUSPENDED { color: var(--amber) }
.badge.RETRYING { color: var(--violet) }
.timeline text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--text) }
.timeline .axis { fill: var(--dim); font-size: 11px }
.timeline .lane { stroke: var(--line) }
.timeline .fold { fill: var(--line); opacity: .6 }
.bar.execute { fill: var(--green) } .bar.revert { fill: var(--amber) } .bar.wait { fill: var(--violet); opacity: .55 }
.bar.failed { fill: var(--red) } .bar.open { fill: var(--blue) } .bar.withdrawn { fill: var(--dim) }
.legend span { margin-right: 16px; white-space: nowrap }
.legend svg { vertical-align: -1px; margin-right: 4px }
svg { max-width: none }
@media print { pre { max-height: none } section { break-inside: avoid-page } }
`;
