import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatAgo, formatBytes } from '../catalogue/format.js';
import { api } from '../data/api.js';
import { modelQuery } from '../data/queries.js';
import { AliasMark } from '../parts/alias-mark.js';
import { buttonClass } from '../parts/button.js';
import { Failure } from '../parts/failure.js';
import { PageHead } from '../parts/page-head.js';
import { readMetrics } from './model/card-metrics.js';
import { chosenVersion } from './model/chosen-version.js';
import { ClassFigureTable, ClassTable } from './model/class-table.js';
import { HowToCall } from './model/how-to-call.js';
import { PrecisionRecall } from './model/precision-recall.js';
import { TryIt } from './model/try-it.js';
import { Verdict } from './model/verdict.js';
import { Versions } from './model/versions.js';

const route = getRouteApi('/projects/$project/models/$model');

/** One model: what it is for and how good, a picture to try, what it is made of, how to call it. */
export function ModelPage() {
  const { t } = useTranslation('model');
  const { project, model: name } = route.useParams();
  const search = route.useSearch();
  const query = useQuery(modelQuery(name));
  const model = query.data;
  const version = model && chosenVersion(model, search.version);
  if (query.isError && !model) return <Failure error={query.error} what={t('modelFailed')} onRetry={query.refetch} />;
  const metrics = version && readMetrics(version.card);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto [scrollbar-gutter:stable]">
      <PageHead
        title={name}
        mark={version?.aliases
          .toSorted((a) => (a === 'champion' ? -1 : 1))
          .map((alias) => <AliasMark key={alias} alias={alias} />)}
        facts={
          version && (
            <>
              <span>{t('versionNumber', { version: version.version })}</span>
              <span aria-hidden>·</span>
              <span>{formatAgo(version.createdAt)}</span>
              <span aria-hidden>·</span>
              {version.runId ? (
                <Link
                  to="/projects/$project/runs/$run"
                  params={{ project, run: version.runId }}
                  className="text-accent hover:underline"
                >
                  {t('itsRun')}
                </Link>
              ) : (
                <span>{t('noRun')}</span>
              )}
            </>
          )
        }
        actions={
          version && (
            <a
              href={api.modelFileUrl(name, version.version)}
              download={`${name}-v${version.version}.onnx`}
              className={buttonClass('plain')}
            >
              <Download aria-hidden />
              {t('download', { size: formatBytes(version.sizeBytes) })}
            </a>
          )
        }
      />
      <div className="space-y-4 px-6 pb-12 max-md:px-4">
        {!model || !version || !metrics ? (
          <div className="space-y-4" aria-busy="true">
            <div className="panel h-44 max-md:h-80" />
            <div className="panel h-[38rem]" />
          </div>
        ) : (
          <>
            <Verdict version={version} metrics={metrics} project={project} />
            <TryIt key={version.version} model={model} version={version} project={project} />
            {metrics.classes.length > 0 && (
              <div className="grid items-start gap-4 lg:grid-cols-2">
                <ClassTable card={version.card} classes={metrics.classes} />
                <PrecisionRecall card={version.card} classes={metrics.classes} />
              </div>
            )}
            {metrics.classFigures.length > 0 && <ClassFigureTable card={version.card} classes={metrics.classFigures} />}
            <Versions model={model} shown={version} project={project} />
            <HowToCall model={name} version={version} />
          </>
        )}
      </div>
    </div>
  );
}
