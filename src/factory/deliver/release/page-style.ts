/** Style sheet of the page, with a light and a dark theme. It uses system fonts and fetches nothing. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--text:#1b2430;--soft:#566274;--line:#dde2e9;--tint:#eef2f8;--accent:#0b57c2;--on:#fff;--good:#17683a;--bad:#9c3412}
@media (prefers-color-scheme:dark){:root{--bg:#10141a;--card:#181e27;--text:#e7ecf3;--soft:#a3afbf;--line:#2b3442;--tint:#212936;--accent:#84b6ff;--on:#0c1420;--good:#7fd6a0;--bad:#ffab82}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;overflow-wrap:anywhere}
.wrap{max-width:66rem;margin:0 auto;padding:0 1.25rem}
a{color:var(--accent);text-underline-offset:.15em}
a:hover{text-decoration-thickness:2px}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999px;top:0;background:var(--card);padding:.6rem 1rem;z-index:1}
.skip:focus{left:0}
header{background:var(--card);border-bottom:1px solid var(--line)}
header .wrap{padding-top:2.5rem;padding-bottom:1.25rem}
.kicker{margin:0;color:var(--soft);font-size:.8rem;font-weight:600;letter-spacing:.09em;text-transform:uppercase}
h1{margin:.1rem 0 .35rem;font-size:clamp(2rem,6vw,2.9rem);line-height:1.15;letter-spacing:-.02em}
.meta{margin:0;color:var(--soft);font-variant-numeric:tabular-nums}
header nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.35rem 1.4rem;margin:1.2rem 0 0;padding:0;font-weight:600}
header nav a{display:inline-block;padding:.35rem 0;text-decoration:none}
header nav a:hover{text-decoration:underline}
.targets{list-style:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,14rem),1fr));gap:.6rem;margin:0 0 1.25rem;padding:0}
.targets li{min-width:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.55rem .85rem;line-height:1.35}
.targets a{font-weight:600;text-decoration:none}
.targets a:hover{text-decoration:underline}
.targets span{display:block;color:var(--soft);font-size:.85rem}
main.wrap{padding-top:.5rem;padding-bottom:2.5rem}
h2{margin:2.5rem 0 1rem;font-size:1.45rem;line-height:1.25;letter-spacing:-.01em}
h3{margin:0;font-size:1.15rem;line-height:1.3}
h4{margin:1.4rem 0 .5rem;font-size:.95rem}
p{margin:.5rem 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;margin:0 0 1.25rem;padding:1.25rem 1.35rem}
.card>:last-child{margin-bottom:0}
.sub{margin:.15rem 0 0;color:var(--soft)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,8.5rem),1fr));gap:.75rem 1.5rem;margin:1rem 0 0}
.facts div{min-width:0}
.facts .wide{grid-column:1/-1}
dt{color:var(--soft);font-size:.8rem}
dd{margin:0}
.files{list-style:none;margin:1.1rem 0 0;padding:0}
.files>li{border-top:1px solid var(--line);padding:.9rem 0;display:grid;grid-template-columns:minmax(0,1fr) auto;gap:.15rem 1rem}
.files>li:last-child{padding-bottom:0}
.name{font-weight:600}
.size{color:var(--soft);white-space:nowrap;text-align:right;font-variant-numeric:tabular-nums}
.what{grid-column:1/-1;color:var(--soft);font-size:.92rem}
.sum{grid-column:1/-1;display:flex;align-items:center;gap:.75rem;margin-top:.2rem}
.sum code{flex:1;min-width:0;color:var(--soft);font-size:.78rem;line-height:1.7}
code,pre{font-family:ui-monospace,"SF Mono",SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
code{font-size:.88em}
.command{position:relative;background:var(--tint);border:1px solid var(--line);border-radius:8px;margin:.6rem 0;padding:.75rem .9rem;display:flex;gap:.75rem;align-items:flex-start}
pre{margin:0;flex:1;min-width:0;white-space:pre-wrap;font-size:.85rem;line-height:1.6}
pre code{font-size:inherit}
button{flex:none;font:inherit;font-size:.8rem;font-weight:600;line-height:1;min-width:4.6rem;min-height:2rem;padding:.4rem .7rem;border:1px solid var(--line);border-radius:7px;background:var(--card);color:var(--accent);cursor:pointer}
button:hover{border-color:var(--accent)}
button[data-done]{background:var(--accent);border-color:var(--accent);color:var(--on)}
[hidden]{display:none}
details{margin:.35rem 0 0}
.what details{margin:0}
summary{cursor:pointer;color:var(--accent);width:fit-content;padding:.2rem 0}
.plain{margin:.4rem 0 0;padding-left:1.1rem;font-size:.92rem}
.plain li{margin:.15rem 0}
.badge{display:inline-block;font-size:.7rem;font-weight:700;letter-spacing:.05em;text-transform:uppercase;padding:.05rem .45rem;border-radius:5px;background:var(--tint);color:var(--soft);margin-right:.3rem}
.more{border-top:1px solid var(--line);padding-top:.7rem}
.files+.more{margin-top:.9rem}
.more .files{margin-top:.5rem}
.changes{list-style:none;margin:.4rem 0 0;padding:0;font-size:.9rem}
.changes li{padding:.25rem 0;border-top:1px solid var(--line);display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1.6fr);gap:0 1rem}
.changes .v{color:var(--soft)}
.warn{color:var(--bad)}
.gone{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
footer{border-top:1px solid var(--line);color:var(--soft);font-size:.9rem;padding:1.5rem 0 2.5rem}
@media (max-width:34rem){.wrap{padding:0 .9rem}.card{padding:1rem;border-radius:10px}.files>li{grid-template-columns:minmax(0,1fr)}.size{text-align:left}.command,.sum{flex-direction:column;align-items:flex-start;gap:.5rem}.sum code{flex:none}.changes li{grid-template-columns:minmax(0,1fr)}}
@media print{button,nav,.skip{display:none}.card{break-inside:avoid}}
`.trim();

/** Makes the copy buttons work. Without JavaScript they stay hidden, and the rest of the page works. */
export const SCRIPT = `
for(const button of document.querySelectorAll('button[data-copy]')){
button.hidden=false;
button.addEventListener('click',async()=>{
const source=document.getElementById(button.dataset.copy);
const text=source.textContent;
try{await navigator.clipboard.writeText(text)}catch{
const range=document.createRange();range.selectNodeContents(source);
const selection=getSelection();selection.removeAllRanges();selection.addRange(range);
document.execCommand('copy');selection.removeAllRanges()}
const before=button.textContent;button.textContent='Copied';button.dataset.done='';
document.getElementById('copy-status').textContent='Copied';
setTimeout(()=>{button.textContent=before;delete button.dataset.done;document.getElementById('copy-status').textContent=''},1500)
})}
`.trim();
