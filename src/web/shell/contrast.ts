/** High contrast by choice, besides what the system asks for. */
const key = 'rescind-contrast';

export function restoreContrast(): void {
  if (localStorage.getItem(key) === 'more') document.documentElement.dataset.contrast = 'more';
}

export function toggleContrast(): void {
  const more = document.documentElement.dataset.contrast !== 'more';
  if (more) document.documentElement.dataset.contrast = 'more';
  else delete document.documentElement.dataset.contrast;
  localStorage.setItem(key, more ? 'more' : 'system');
}
