"""How the served pages look, beyond what they share with the page of a single run."""

from __future__ import annotations

__all__ = ["LOOK"]

LOOK = """
.top{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;align-items:baseline;max-width:1080px;margin:0 auto;
padding:.8rem 1.25rem;border-bottom:1px solid var(--line)}.top a{text-decoration:none;padding:.15rem 0}
.top b{font-size:1.05rem}.top a[aria-current]{border-bottom:2px solid var(--accent)}.top .served{margin-left:auto;
color:var(--soft);font-size:.84rem}
.skip{position:absolute;left:-99rem}.skip:focus{left:.5rem;top:.5rem;background:var(--card);padding:.4rem .8rem;
z-index:9}
main{padding-top:1rem}form.card{margin:0 0 1rem}
label,legend{display:block;font-weight:600;font-size:.9rem;margin:.5rem 0 .2rem}fieldset{border:0;padding:0;margin:0}
input,textarea,select,button{font:inherit;color:inherit}
input:not([type=checkbox]),textarea,select{width:100%;background:var(--paper);border:1px solid var(--soft);
border-radius:6px;padding:.45rem .6rem}textarea{min-height:4.2rem;resize:vertical}
label.tick{display:inline-flex;gap:.35rem;align-items:center;font-weight:400;margin:.1rem .9rem .1rem 0}
button,.button{background:var(--wash);border:1px solid var(--soft);border-radius:6px;padding:.4rem 1rem;
margin:.6rem .4rem 0 0;cursor:pointer;display:inline-block;text-decoration:none;color:var(--ink)}
button[type=submit]{background:var(--accent);color:var(--card);border-color:var(--accent)}
button[type=submit].plain{background:var(--wash);color:var(--ink);border-color:var(--soft)}
button:disabled{opacity:.6;cursor:default}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
#working{margin:1rem 0;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.6rem 1.1rem}
#said:not(:empty){background:var(--card);border:1px solid var(--line);border-left:4px solid var(--trial);
border-radius:8px;padding:.6rem 1.1rem;margin:1rem 0}#said h3{margin:.4rem 0 0}
#working h2{margin:0;padding:0;border:0;font-size:1rem}#progress{margin:.2rem 0;padding-left:1.3rem}
#progress li{color:var(--soft)}#progress li:last-child{color:var(--ink)}#progress li:not(:last-child)::after{
content:" ✓";color:var(--good)}form h2{margin:0 0 .4rem;padding:0;border:0}
.runs :is(th,td){overflow-wrap:break-word;white-space:nowrap}.runs td.asked{white-space:normal}
.runs.beside :is(th,td){min-width:0}.runs.beside td.asked{min-width:14rem}.runs td.outcome{white-space:normal;
min-width:9rem}
.fields{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(8rem,100%),1fr));gap:0 .8rem;align-items:start}
.understood{margin:.2rem 0 0;min-height:1.3rem}.understood button{margin:.2rem .3rem 0 0;padding:.1rem .6rem;
font-size:.84rem}
.two{display:grid;grid-template-columns:minmax(0,22rem) minmax(0,1fr);gap:1.2rem;align-items:start}
.list{list-style:none;margin:0;padding:0;max-height:34rem;overflow:auto;background:var(--card);
border:1px solid var(--line);border-radius:8px}.list li{border-bottom:1px solid var(--line)}
.list a{display:grid;grid-template-columns:3.2rem 1fr;gap:.4rem;padding:.45rem .6rem;text-decoration:none;
color:var(--ink);font-size:.9rem}.list a[aria-current]{background:var(--wash);box-shadow:inset 3px 0 var(--accent)}
.list .key{justify-self:start;align-self:start}.list .text{display:-webkit-box;-webkit-line-clamp:2;
-webkit-box-orient:vertical;overflow:hidden}
article.card{margin:0}article .paths td{overflow-wrap:anywhere}article.card h2{margin:0 0 .5rem;padding:0;border:0}
#source{position:fixed;inset:auto 1rem 1rem auto;width:min(30rem,calc(100vw - 2rem));max-height:70vh;overflow:auto;
margin:0;background:var(--card);color:var(--ink);border:1px solid var(--soft);border-left:4px solid var(--accent);
border-radius:8px;padding:.8rem 1.1rem;box-shadow:0 6px 30px #0005;z-index:5}#source ul{margin:0;padding:0}
#source .evidence li{border:0;display:block}#source .bar-of{display:flex;gap:.8rem;align-items:baseline}
#source .bar-of button{margin:0 0 0 auto;padding:.1rem .7rem}#source h2{margin:0;padding:0;border:0;font-size:1rem}
mark.here{outline:2px solid var(--accent);font-weight:600}.open-source{background:var(--wash)}
.edge.chosen path{stroke:var(--trial);stroke-width:3.4}tr.chosen>*{background:var(--wash)}
figure svg{min-width:40rem}figure.plot svg{min-width:30rem}
.plot text{fill:var(--ink)}.plot .axis{stroke:var(--line)}.plot .tick{fill:var(--soft);font-size:11px}
.plot .reach{stroke:var(--graph);stroke-width:2}.plot .dot{fill:var(--graph)}.plot .dot.student{fill:var(--trial)}
.plot .fill{fill:var(--graph)}.plot .back{fill:var(--wash)}
.figures{width:100%;border-collapse:collapse;font-size:.9rem}.figures :is(th,td){text-align:left;padding:.35rem .7rem;
border-bottom:1px solid var(--line);vertical-align:top}.figures td.number{text-align:left}
.figures :is(th,td){overflow-wrap:break-word}.verdict-told{white-space:normal}
.card>h2{margin:0 0 .4rem;padding:0;border:0}
.figures thead th{white-space:nowrap}
.meter{height:.8rem;border-radius:.4rem;background:var(--wash);overflow:hidden;border:1px solid var(--line)}
.meter i{display:block;height:100%;background:var(--accent)}
.before{white-space:pre-wrap;overflow-wrap:anywhere!important}.card li{margin:.3rem 0}
td.gone{color:var(--bad)}td.new{color:var(--good)}
.ways{display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:baseline;margin:.8rem 0}
#ways{margin-top:2rem;border-top:1px solid var(--line)}
@media (max-width:760px){.top{gap:.2rem .85rem;padding:.7rem .9rem;font-size:.95rem}
.two{grid-template-columns:minmax(0,1fr)}.list{max-height:16rem}.top .served{margin-left:0;
width:100%}h1{font-size:1.4rem}#source{inset:auto 0 0 0;width:100%;max-height:60vh;border-radius:8px 8px 0 0}
main{padding-left:.9rem;padding-right:.9rem}#choice{padding:.8rem .9rem}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media print{.top,form,.skip,#working,#source,.ways,button,.noprint{display:none!important}figure svg{min-width:0}
.list{max-height:none}.origin{border-top:1px solid var(--line)}}
"""
