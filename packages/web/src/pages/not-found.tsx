import { Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { buttonClass } from '../parts/button.js';
import { Empty } from '../parts/empty.js';

/** An address that leads nowhere. */
export function NotFound() {
  const { t } = useTranslation();
  return (
    <Empty icon={Compass} text={t('notFound')}>
      <Link to="/projects" className={buttonClass('primary')}>
        {t('allProjects')}
      </Link>
    </Empty>
  );
}
