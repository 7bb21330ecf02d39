import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Builds the console into `dist/web`; the API serves it from there. `npm run build:web`. */
export default defineConfig({
  root: 'src/web',
  base: '/',
  plugins: [react()],
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    sourcemap: false,
    chunkSizeWarningLimit: 900,
    // Fonts and icons stay files: the content security policy allows data: for images only.
    assetsInlineLimit: 0,
    rollupOptions: {
      // `prove.js` serves the public report form, which is written by the server and needs a name that stays.
      input: { index: 'src/web/index.html', prove: 'src/web/prove/prove.ts' },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'prove' ? 'prove.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8099' } },
});
