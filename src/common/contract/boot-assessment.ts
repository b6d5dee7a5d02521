/**
 * Boot assessment: GRUB counts the boots of a new image, and goes back to the old one when the first of them did not
 * get far enough to say so (docs/contract.md 2.3). Files at the root of the state partition, by the names of the
 * contract.
 */
export const ASSESSMENT = {
  /** Hook that our menu, and upstream's, sources after its entries. */
  hook: '/grubcustom',
  script: '/grub_boot_assessment',
  /** GRUB environment block with the variables. */
  environment: '/boot_assessment',
} as const;

/** Variables of {@link ASSESSMENT.environment}. */
export const ASSESSMENT_VARIABLES = {
  enabled: 'enable_boot_assessment',
  /** Set by the administrator: every boot is assessed, not only the first after an upgrade. */
  always: 'enable_boot_assessment_always',
  tentative: 'boot_assessment_tentative',
} as const;

/** Content of the hook. */
export const ASSESSMENT_HOOK = [
  'search --no-floppy --file --set=assessment_blk /grub_boot_assessment',
  'if [ -n "${assessment_blk}" ]; then',
  '  source (${assessment_blk})/grub_boot_assessment',
  'fi',
  '',
].join('\n');

/**
 * Content of the script. A choice for one boot is somebody's own and not counted; a boot that is counted and does not
 * clear the mark makes the next one take the fallback entry, whose system then knows by its command line.
 */
export const ASSESSMENT_SCRIPT = [
  '# Falls back to the passive system when the first boot after an upgrade did not reach its end.',
  'set assess=',
  'search --no-floppy --file --set=env_assessment /boot_assessment',
  'if [ -n "${env_assessment}" ]; then',
  '  load_env -f (${env_assessment})/boot_assessment enable_boot_assessment enable_boot_assessment_always boot_assessment_tentative',
  '  if [ "${enable_boot_assessment}" = yes -o "${enable_boot_assessment_always}" = yes ]; then',
  '    if [ -z "${selected_entry}" ]; then',
  '      set assess=yes',
  '    fi',
  '  fi',
  'fi',
  'if [ "${assess}" = yes ]; then',
  '  if [ "${boot_assessment_tentative}" = yes ]; then',
  '    set default=fallback',
  '    set extra_passive_cmdline="${extra_passive_cmdline} upgrade_failure"',
  '  else',
  '    set boot_assessment_tentative=yes',
  '    save_env -f (${env_assessment})/boot_assessment boot_assessment_tentative',
  '  fi',
  'fi',
  '',
].join('\n');
