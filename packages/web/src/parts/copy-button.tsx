import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, IconButton } from './button.js';

/** Copies a text and says so where it stands; without a label, as an icon alone. */
export function CopyButton({ text, label, className }: { text: string; label?: string; className?: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_600);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
  };
  const icon = copied ? <Check aria-hidden className="text-good" /> : <Copy aria-hidden />;
  if (label === undefined) {
    return (
      <IconButton label={copied ? t('copied') : t('copy')} onClick={copy} className={className}>
        {icon}
      </IconButton>
    );
  }
  return (
    <Button tone="quiet" onClick={copy} className={className}>
      {icon}
      <span aria-live="polite">{copied ? t('copied') : label}</span>
    </Button>
  );
}

/** The clipboard is closed to pages that are not served securely (http on another machine): then a selection does it. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}
