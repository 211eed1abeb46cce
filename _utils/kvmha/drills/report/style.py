"""The style of a report's page and of its pictures, on the variables of ``palette``."""

from __future__ import annotations

from kvmha.drills.report import palette

_PAGE = """\
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 16px}
h1{font-size:1.5rem;line-height:1.25;margin:.2em 0}
h2{font-size:1.2rem;margin:2.2em 0 .7em}
h3{font-size:1.05rem;margin:0}
h4{font-size:.9rem;margin:1.2em 0 .4em;color:var(--soft)}
p{margin:.5em 0}
h1,h2,h3,p,li,dd,td,.chip,.row{overflow-wrap:anywhere}
a{color:var(--link)}
.soft{color:var(--soft)}
.small{font-size:.875rem}
.eyebrow{color:var(--soft);font-size:.875rem;margin:1.6em 0 0}
.banner{border:1px solid;border-left-width:8px;border-radius:10px;padding:12px 16px;margin:14px 0}
.banner p{margin:0;font-size:1.08rem;font-weight:600}
.good{color:var(--good)}.bad{color:var(--bad)}.odd{color:var(--odd)}
.banner.good{background:var(--good-bg);border-color:var(--good)}
.banner.bad{background:var(--bad-bg);border-color:var(--bad)}
.banner.odd{background:var(--odd-bg);border-color:var(--odd)}
.chip{display:inline-block;border-radius:99px;padding:1px 10px;font-size:.8125rem;font-weight:600;
border:1px solid}
.chip.good{background:var(--good-bg)}.chip.bad{background:var(--bad-bg)}
.chip.odd{background:var(--odd-bg)}.chip.soft{background:var(--card)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(126px,1fr));gap:10px;margin:14px 0}
.facts div,.card{background:var(--card);border:1px solid var(--line);border-radius:10px}
.facts div{padding:8px 12px}
.facts div:last-child{grid-column:span 2}
.facts dt{color:var(--soft);font-size:.8125rem}
.facts dd{margin:0;font-weight:600}
nav ol{display:flex;flex-wrap:wrap;gap:6px 8px;padding:0;margin:14px 0;list-style:none}
nav a{display:block;padding:5px 12px;border:1px solid var(--line);border-radius:99px;
background:var(--card);text-decoration:none;font-size:.875rem}
div.card,article.card{padding:14px 16px;margin:0 0 16px}
.head{display:flex;flex-wrap:wrap;gap:6px 12px;align-items:baseline}
.head .chip{margin-left:auto}
.pair{display:grid;gap:8px 28px;margin-top:10px}
figure{margin:0}
figcaption{font-size:.8125rem;color:var(--soft)}
.outcome{display:flex;gap:12px;align-items:center;padding:8px 0;border-top:1px solid var(--line)}
.outcome svg{flex:none}
.outcome p{margin:0;font-size:.875rem}
.parts{list-style:none;margin:6px 0;padding:0;font-size:.875rem}
.key{display:flex;flex-wrap:wrap;gap:6px 16px;padding:0;margin:10px 0;list-style:none;
font-size:.8125rem}
.key svg{vertical-align:-4px;margin-right:5px}
.swatch{display:inline-block;width:22px;height:12px;border-radius:3px;margin-right:6px;
vertical-align:-1px;border:1px solid var(--still)}
summary{cursor:pointer;padding:6px 0;font-size:.875rem;color:var(--link)}
figure+table{margin-top:14px}
table{width:100%;border-collapse:collapse;font-size:.875rem}
caption{text-align:left;color:var(--soft);font-size:.8125rem;padding-bottom:6px}
th,td{text-align:left;vertical-align:top;padding:5px 14px 5px 0;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:600}
tbody th{font-weight:600;overflow-wrap:anywhere}
.number{font-variant-numeric:tabular-nums}
.plain tbody th{white-space:nowrap}
.plain.wide tbody th{white-space:normal;width:40%}
tr.bad td,tr.bad th{color:var(--bad)}
tr.step td,tr.step th{background:var(--page)}
footer{padding-bottom:40px;margin-top:40px}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
@media(min-width:860px){.pair{grid-template-columns:minmax(0,5fr) minmax(0,4fr)}
figure .scaled{max-width:540px}}
@media(max-width:620px){
.stacked thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stacked tr{display:block;padding:8px 0;border-bottom:1px solid var(--line)}
.stacked td,.stacked tbody th{display:block;border:0;padding:1px 0}
.stacked td[data-label]:not(:empty)::before{content:attr(data-label) ": ";color:var(--soft)}
.stacked td:empty{display:none}}
@media print{@page{margin:14mm}
body{background:#fff;font-size:9.5pt}
h2{margin:1em 0 .5em}
.pair{grid-template-columns:3fr 2fr}
figure .scaled{max-width:88mm}
details table{font-size:7.5pt}
.facts{grid-template-columns:repeat(8,1fr)}
main,header,footer{max-width:none;padding:0}
nav{display:none}
article.step{break-before:page;break-inside:avoid}
article.step.first{break-before:auto}
h2{break-after:avoid}tr,.outcome,figure{break-inside:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
details>summary{display:none}
details::details-content{content-visibility:visible;block-size:auto}}
"""

_PICTURES = """\
.picture{display:block;max-width:100%}
.picture.scaled{width:100%;height:auto}
.picture text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
fill:var(--ink)}
.picture .name,.picture .lane-name{font-weight:650}
.picture .soft{fill:var(--soft)}
.picture .good{fill:var(--good)}
.picture .bad,.picture .twice{fill:var(--bad);font-weight:650}
.picture .card{fill:var(--card);stroke-width:2.5}
.picture .lost{stroke:var(--still);stroke-dasharray:3 4}
.picture .band{opacity:.2}
.picture .tube{fill:none;stroke-width:26;stroke-linecap:round}
.picture .thin{stroke-width:7;opacity:.35}
.picture .badge{stroke:none}
.picture .hollow{fill:var(--card);stroke-width:1.8}
.picture text.hollow{font-weight:700}
.picture .letter{fill:var(--letter);font-weight:700}
.picture .link{fill:none;stroke-width:2}
.picture .many{stroke-width:1}
.picture .up{stroke:var(--good)}
.picture .up.many{opacity:.5}
.picture .down{stroke:var(--bad);stroke-dasharray:5 4}
.picture .cut{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:2 5}
.picture .unknown{stroke:var(--still);stroke-dasharray:1 5;stroke-linecap:round}
.picture .cut-sign{fill:var(--bad);stroke:var(--card);stroke-width:2}
.picture .cut-sign-ink{fill:var(--card);font-weight:700}
.picture .down-word{fill:var(--bad-bg);stroke:var(--bad)}
.picture .down-word-ink{fill:var(--bad);font-weight:650}
.picture .cut-mark{fill:none;stroke:var(--bad);stroke-width:2.5}
.picture .cut.many{stroke-width:1;opacity:.6}
.picture .down-sign{fill:none;stroke:var(--bad);stroke-width:2}
.picture .dc{fill:var(--ink)}
.picture .dc-ink{fill:var(--card);font-weight:700}
.picture .vm{fill:var(--link)}
.picture .vip{fill:none;stroke:var(--link);stroke-width:1.8}
.picture .bolt{fill:var(--odd);stroke:var(--card);stroke-width:.7}
.picture .lane{fill:var(--page);stroke:var(--line)}
.picture .gap{fill:var(--bad-bg);stroke:var(--bad);stroke-width:2;stroke-dasharray:4 3}
.picture .cut-bar{fill:var(--odd-bg);stroke:var(--odd)}
.picture .twice-frame{fill:none;stroke:var(--bad);stroke-width:5}
.picture .on-bar{font-weight:500}
.picture .lane-name,.picture .away{paint-order:stroke;stroke:var(--card);stroke-width:4px;
stroke-linejoin:round}
.picture .answers{fill:var(--good)}
.picture .mute{fill:var(--bad)}
.picture .tick{fill:var(--line)}
.picture .step-line{fill:var(--ink);opacity:.55}
.picture .breach-line{fill:var(--bad)}
.picture .free{overflow:visible}
.picture .step-flag rect{fill:var(--ink)}
.picture .step-flag text{fill:var(--card);font-weight:700}
.picture .breach-flag rect{fill:var(--bad)}
.picture .breach-flag text{fill:var(--card);font-weight:700}
.picture .was{fill:var(--host0);stroke:var(--still)}
.picture .over{fill:var(--bad-bg);stroke:var(--bad);stroke-width:2}
.picture .piece{stroke:var(--still)}
.picture .piece0{fill:var(--page)}
.picture .piece1{fill:var(--card)}
.picture .limit{fill:var(--ink)}
"""


def page() -> str:
    """Return the style of a page with pictures in it."""
    return palette.css() + _PAGE + pictures()


def pictures() -> str:
    """Return the style of pictures alone; the variables are not in it."""
    hosts = (f".picture .host{n}{{fill:var(--host{n})}}" for n in range(len(palette.HOSTS)))
    parts = (
        f".picture .card.part{n}{{stroke:var(--part{n});stroke-dasharray:{palette.DASHES[n]}}}"
        f".picture .tube.part{n}{{stroke:var(--part{n})}}"
        f".picture .badge.part{n}{{fill:var(--part{n})}}"
        f".picture .hollow.part{n}{{stroke:var(--part{n})}}"
        f".picture text.hollow.part{n}{{fill:var(--part{n});stroke:none}}"
        for n in range(len(palette.PARTITIONS))
    )
    return _PICTURES + "\n".join((*hosts, *parts)) + "\n"


def alone() -> str:
    """Return the style of a picture that is a file of its own."""
    return palette.css() + pictures()
