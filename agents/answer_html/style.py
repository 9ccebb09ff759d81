"""How a run's page looks: light, dark and printed."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root{color-scheme:light dark;--paper:#fbfaf7;--card:#fff;--ink:#1d2228;--soft:#5a636e;--line:#e3e0d8;--accent:#0b6e5d;
--graph:#2459a8;--article:#0b6e5d;--trial:#9a5b00;--good:#0b6e5d;--bad:#b03a2e;--wash:#f1efe8;--edge:#b5bcc6}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--card:#1b1f25;--ink:#e6e8eb;--soft:#98a2ae;--line:#2d333b;
--accent:#4fc3a8;--graph:#7fb0f5;--article:#4fc3a8;--trial:#e2a955;--good:#4fc3a8;--bad:#ee8277;--wash:#22272e;
--edge:#4b5561}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",
Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
main{max-width:1080px;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font:600 1.75rem/1.25 ui-serif,Georgia,"Times New Roman",serif;margin:.2rem 0 .8rem}
h2{font:600 1.2rem/1.3 ui-serif,Georgia,serif;margin:2.4rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:0 0 .4rem}h3 small{font-weight:400;color:var(--soft)}
p{margin:.4rem 0}a{color:var(--accent);text-underline-offset:2px}
.hint,small{color:var(--soft);font-size:.84rem}.error{color:var(--bad)}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.9rem}
.pill{display:inline-block;background:var(--wash);border-radius:1rem;padding:.05rem .7rem;margin:0 .35rem .35rem 0;
font-size:.84rem}
#choice{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--accent);border-radius:8px;
padding:1rem 1.3rem;margin:1.4rem 0}
#choice.open{border-left-color:var(--trial)}
.verdict{font:1.25rem/1.35 ui-serif,Georgia,serif;margin:0 0 .6rem;display:flex;flex-wrap:wrap;gap:.2rem .45rem;
align-items:baseline}
.sure{margin-left:auto;font:.86rem ui-sans-serif,system-ui,sans-serif;color:var(--soft);white-space:nowrap}
.bar{display:inline-block;width:110px;height:8px;border-radius:4px;background:var(--wash);margin-right:.5rem;
overflow:hidden}.bar i{display:block;height:100%;background:var(--accent)}
.rationale{margin:0;padding-left:1.3rem}.rationale li{margin:.35rem 0}
.key{display:inline-block;font:600 .74rem/1.35 ui-monospace,Menlo,Consolas,monospace;padding:0 .36rem;
border-radius:4px;border:1px solid currentColor;text-decoration:none;color:var(--soft);white-space:nowrap}
.sign{margin-left:.2rem;font-weight:700}.key.missing{color:var(--bad);border-style:dashed}
.unseen{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.key.graph{color:var(--graph)}.key.article{color:var(--article)}.key.trial{color:var(--trial)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(330px,100%),1fr));gap:1rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.9rem 1.1rem;min-width:0}
.card table{width:100%;border-collapse:collapse;font-size:.88rem}.card td{padding:.12rem .3rem .12rem 0}
.number{font-variant-numeric:tabular-nums;text-align:right;color:var(--soft);white-space:nowrap}
.weigh{display:block;position:relative;width:130px;height:10px;background:var(--wash);border-radius:3px}
.weigh::after{content:"";position:absolute;left:50%;top:-2px;bottom:-2px;border-left:1px solid var(--soft)}
.weigh i{position:absolute;top:0;bottom:0;border-radius:3px}.weigh .for{background:var(--good)}
.weigh .against{background:var(--bad)}
.wide{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:8px}
.beside{border-collapse:collapse;width:100%;font-size:.92rem}.beside :is(th,td){text-align:left;vertical-align:top;
padding:.5rem .8rem;border-bottom:1px solid var(--line)}.beside :is(th,td){overflow-wrap:break-word}
.beside td:not(:first-child){min-width:15rem}.beside th{font-weight:600;font-size:.9rem;min-width:7rem}
.beside p{margin:.2rem 0}.beside tbody tr:last-child>*{border-bottom:0}
.chip{font-size:.74rem;font-weight:500;padding:0 .45rem;border-radius:1rem;background:var(--wash);color:var(--soft);
white-space:nowrap}
.chip.supports,.chip.found,.chip.answered{color:var(--good)}.chip.against,.chip.failed,.chip.unknown_entity,
.chip.ambiguous{color:var(--bad)}
figure{margin:0 0 1.2rem;overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:8px;
padding:.6rem .8rem}figcaption{font-weight:600;font-size:.92rem}
svg{display:block;width:100%;height:auto;font:12px ui-sans-serif,system-ui,sans-serif}
.node rect{fill:var(--wash);stroke:var(--edge)}.node text{fill:var(--ink);text-anchor:middle}
.node.compound rect{stroke:var(--article)}.node.disease rect{stroke:var(--bad)}.node.gene rect{stroke:var(--graph)}
.node.end rect{stroke-width:2.4}.node.end text{font-weight:600}
.edge path{fill:none;stroke:var(--edge);stroke-width:1.3}.edge.cited path{stroke:var(--graph);stroke-width:2.2}
.edge text{fill:var(--soft);font-size:10.5px;text-anchor:middle;paint-order:stroke;stroke:var(--card);stroke-width:3px}
.edge:hover path{stroke:var(--accent)}path.tip{stroke:none;fill:var(--edge)}path.tip.cited{fill:var(--graph)}
.evidence{list-style:none;margin:0;padding:0}.evidence li{display:grid;grid-template-columns:3.4rem 1fr;gap:.4rem;
padding:.55rem .3rem;border-bottom:1px solid var(--line);break-inside:avoid}.evidence .key{justify-self:start;
align-self:start;margin-top:.2rem}
mark{background:color-mix(in srgb,var(--accent) 22%,transparent);color:inherit;border-radius:.2rem}
:target{background:color-mix(in srgb,var(--accent) 14%,transparent);outline:2px solid var(--accent);outline-offset:2px;
border-radius:4px}
.behind{font-size:.88rem}.behind ul{padding-left:1.1rem}.notes{margin:.4rem 0}.notes>summary{color:var(--soft)}
.paths th{white-space:nowrap}.paths :is(th,td){overflow-wrap:break-word}
.paths{width:100%;border-collapse:collapse;font-size:.88rem;margin:.3rem 0}.paths :is(th,td){text-align:left;
vertical-align:top;padding:.3rem .5rem .3rem 0;border-bottom:1px solid var(--line)}.paths .number{text-align:left}
.passage{font-size:.92rem}.passage b{font-weight:600;text-decoration:underline;text-decoration-thickness:1px;
text-underline-offset:3px;text-decoration-color:var(--accent)}
code,pre{font:.8rem/1.5 ui-monospace,Menlo,Consolas,monospace}code{color:var(--soft)}
pre{white-space:pre-wrap;background:var(--wash);border-radius:6px;padding:.6rem .8rem;margin:.3rem 0;max-height:32rem;
overflow:auto}
details>summary{cursor:pointer}details{margin:.2rem 0}
.step{margin:.9rem 0 1.3rem}
.call{background:var(--card);border:1px solid var(--line);border-radius:6px;margin:.25rem 0;padding:0 .8rem}
.call>summary{display:grid;grid-template-columns:1.6rem minmax(0,1fr) auto 90px 4rem;gap:.7rem;align-items:center;
padding:.35rem 0;list-style:none;font-size:.92rem}.call>summary::-webkit-details-marker{display:none}
.call[open]{padding-bottom:.6rem}.line{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;color:var(--soft)}
.line b{color:var(--ink);font-weight:600}.call[open] .line{white-space:normal}
.when{position:relative;height:6px;background:var(--wash);border-radius:3px}.when i{position:absolute;top:0;bottom:0;
background:var(--accent);border-radius:3px;opacity:.75}
.labelled{margin:.5rem 0}.message summary{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.findings{padding-left:1.1rem;font-size:.9rem}.findings li{margin:.25rem 0}
s{color:var(--soft)}footer{margin-top:2rem}
@media (max-width:640px){.beside.drugs :is(tr,th,td){display:block;min-width:0}.beside.drugs thead td{display:none}
.beside.drugs :is(th,td){border:0;padding:.3rem .8rem}.beside.drugs tr{border-bottom:1px solid var(--line)}
.beside.drugs tbody th{font-size:1rem;padding-top:.6rem}.beside.drugs [data-drug]::before{content:attr(data-drug);
display:block;font-weight:600;font-size:.84rem;color:var(--soft)}.beside.drugs td:not(:first-child){min-width:0}
.call>summary{grid-template-columns:1.4rem minmax(0,1fr) 3.6rem}.call>summary .chip,.when{
display:none}.sure{margin-left:0}}
@media print{:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#555;--line:#ccc;--wash:#f4f4f4;
--accent:#0b6e5d;--graph:#2459a8;--article:#0b6e5d;--trial:#9a5b00;--good:#0b6e5d;--bad:#b03a2e;--edge:#999}
body{font-size:10.5pt}main{max-width:none;padding:0}nav{display:none}pre{max-height:none}figure,.card,.call{
break-inside:avoid}}
"""
