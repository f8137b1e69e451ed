import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** While developing, the API comes from a server that runs beside Vite: `FOVEA_SERVER`, or the default address. */
const server = process.env.FOVEA_SERVER ?? 'http://127.0.0.1:8420';

/**
 * Names the font of all Latin text in the page's head, so that it comes with the scripts and not after the first
 * words were laid out: where no font of its fallback's metrics is installed, words would move when it arrives.
 */
const fontFirst: Plugin = {
  name: 'font-first',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler(_, { bundle }) {
      const font = Object.keys(bundle ?? {}).find((name) => /\/inter-latin-wght-normal-[^/]*\.woff2$/.test(name));
      if (!font) throw new Error('There is no Inter for Latin text among the built files: was its package renamed?');
      const attrs = { rel: 'preload', as: 'font', type: 'font/woff2', href: `/${font}`, crossorigin: true };
      return [{ tag: 'link', attrs, injectTo: 'head-prepend' }];
    },
  },
};

export default defineConfig({
  plugins: [react(), tailwindcss(), fontFirst],
  build: {
    target: 'es2023',
    // Fonts and pictures stay files, so that a strict content security policy needs no exception for data: URLs.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: { host: '127.0.0.1', proxy: { '/api': { target: server, changeOrigin: false } } },
});
