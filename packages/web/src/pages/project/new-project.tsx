import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../data/api.js';
import { Logo } from '../../frame/logo.js';
import { Button } from '../../parts/button.js';

/** Names a project; it stands in the page, not over it. */
export function NewProject({ first, onClose }: { first: boolean; onClose?: () => void }) {
  const { t } = useTranslation(['project', 'frame']);
  const id = useId();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const create = useMutation({
    mutationFn: () => api.createProject({ name: name.trim(), description: description.trim() || undefined }),
    onSuccess: async (project) => {
      await client.invalidateQueries({ queryKey: ['projects'] });
      await navigate({ to: '/projects/$project/data', params: { project: project.name } });
    },
  });
  return (
    <form
      className={`rise-in panel mx-6 mb-6 max-w-2xl p-6 max-md:mx-4 ${first ? 'md:mx-auto md:mt-16' : ''}`}
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
      onKeyDown={(event) => event.key === 'Escape' && onClose?.()}
    >
      {first && <Logo className="mb-4 size-8" />}
      <h2 className="text-16 font-semibold">{first ? t('firstTitle') : t('new')}</h2>
      <p className="mt-1 text-ink-2">{first ? t('firstText') : t('newText')}</p>
      <div className="mt-4 grid gap-4 md:grid-cols-2">
        <label htmlFor={`${id}-name`} className="block">
          <span className="mb-1 block font-medium">{t('name')}</span>
          <input
            id={`${id}-name`}
            // biome-ignore lint/a11y/noAutofocus: the form opens on request, and this is what it asks.
            autoFocus={!first}
            required
            className="field"
            value={name}
            placeholder={t('nameHint')}
            pattern="[A-Za-z0-9][A-Za-z0-9._\-]{0,63}"
            title={t('nameRule')}
            aria-invalid={create.isError}
            aria-describedby={`${id}-rule`}
            onChange={(event) => {
              setName(event.target.value);
              create.reset();
            }}
          />
        </label>
        <label htmlFor={`${id}-text`} className="block">
          <span className="mb-1 block font-medium">{t('description')}</span>
          <input
            id={`${id}-text`}
            className="field"
            value={description}
            placeholder={t('descriptionHint')}
            onChange={(event) => setDescription(event.target.value)}
          />
        </label>
      </div>
      <p
        id={`${id}-rule`}
        role={create.isError ? 'alert' : undefined}
        className={`mt-2 min-h-5 text-12 ${create.isError ? 'text-bad' : 'text-ink-3'}`}
      >
        {create.isError ? create.error.message : t('nameRule')}
      </p>
      <div className="mt-3 flex gap-2">
        <Button tone="primary" type="submit" disabled={create.isPending}>
          {t('create')}
        </Button>
        {onClose && (
          <Button tone="quiet" onClick={onClose}>
            {t('frame:cancel')}
          </Button>
        )}
      </div>
    </form>
  );
}
