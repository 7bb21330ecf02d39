/** The one style sheet of the public pages, in the tokens of docs/design.md. */
export const publicStyle = `
:root{color-scheme:light dark;--paper:#fbfaf8;--ink:#15171b;--ink-2:#454a53;--ink-3:#646a75;--line:#d6d2cb;--seen:#1b6a35;--last:#b3141d;--proven:#75259c;--field:#fff}
@media(prefers-color-scheme:dark){:root{--paper:#101214;--ink:#ecebe7;--ink-2:#b4b6b9;--ink-3:#8f9398;--line:#3a3f44;--seen:#74d394;--last:#ff7a70;--proven:#d3a4ff;--field:#16191c}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:400 1rem/1.55 "IBM Plex Sans",system-ui,sans-serif;font-variant-numeric:tabular-nums}
header,main,footer{max-width:44rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.5rem;padding-bottom:.75rem;border-bottom:1px solid var(--ink)}
header span{color:var(--ink-3)}
footer{margin-top:3rem;padding-top:.75rem;padding-bottom:2rem;border-top:1px solid var(--line);color:var(--ink-2);font-size:.875rem}
h1{font-size:1.75rem;line-height:1.2;font-weight:600;letter-spacing:-.015em;margin:2rem 0 .5rem}
h2{font-size:1rem;margin:2rem 0 .4rem;border-top:1px solid var(--ink);padding-top:.6rem}
p{margin:.4rem 0}
.lead{font-size:1.25rem;line-height:1.4}
.soft{color:var(--ink-2)}.faint{color:var(--ink-3)}
.mono,code{font-family:"IBM Plex Mono",ui-monospace,monospace;font-size:.875em;overflow-wrap:anywhere}
a{color:inherit;text-underline-offset:3px}
label{display:block;margin:1.1rem 0 0}
label>span,legend{display:block;font-weight:600}
label>small,.hint{display:block;color:var(--ink-2);font-size:.875rem}
input:not([type=radio]):not([type=checkbox]),textarea{width:100%;font:inherit;color:inherit;background:var(--field);border:1px solid var(--ink-3);border-radius:2px;padding:.5rem .6rem;margin-top:.25rem}
input[type=file]{padding:1.4rem .6rem;border-style:dashed}
fieldset{border:0;padding:0;margin:1rem 0 0}
fieldset label{margin:.5rem 0 0;display:grid;grid-template-columns:1.4rem 1fr}
fieldset label small{grid-column:2}
button{font:inherit;font-weight:600;margin-top:1.25rem;padding:.55rem 1.1rem;border:1px solid var(--ink);border-radius:2px;background:var(--ink);color:var(--paper);cursor:pointer}
button:disabled{opacity:.6;cursor:default}
progress{width:100%;accent-color:var(--ink)}
button.small{margin:0 0 0 .5rem;padding:.1rem .5rem;font-weight:400;font-size:.875rem;background:transparent;color:var(--ink)}
:focus-visible{outline:2px solid var(--ink);outline-offset:2px}
table{border-collapse:collapse;width:100%}
th{text-align:left;font-weight:400;font-size:.875rem;color:var(--ink-3)}
th,td{padding:.4rem 1rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
dl{display:grid;grid-template-columns:11rem 1fr;gap:.35rem 1rem;margin:1rem 0}
dt{color:var(--ink-2)}dd{margin:0}
.done{color:var(--seen);font-weight:600}.bad{color:var(--last);font-weight:600}.proven{color:var(--proven);font-weight:600}
.steps{list-style:none;padding:0;margin:1rem 0}
.steps li{padding:.35rem 0 .35rem 1.6rem;position:relative}
.steps li::before{content:"○";position:absolute;left:0}
.steps li.yes::before{content:"●"}
.wide{overflow-x:auto}
pre{white-space:pre-wrap}
@media(max-width:32rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
`;
