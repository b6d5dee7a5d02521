// The fonts of the reader's system: no font has to be loaded.
import './custom.css';

export { default } from 'vitepress/theme-without-fonts';
