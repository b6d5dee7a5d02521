/**
 * Boot assessment: GRUB marks the first boot of a new image, and falls back to the old image when that boot does not
 * clear the mark (docs/contract.md 2.3). The files are at the root of the state partition.
 */
export const ASSESSMENT = {
  /** Hook that the menu sources after its entries, both here and upstream. */
  hook: '/grubcustom',
  script: '/grub_boot_assessment',
  /** GRUB environment block with the variables. */
  environment: '/boot_assessment',
} as const;

/** Variables of {@link ASSESSMENT.environment}. */
export const ASSESSMENT_VARIABLES = {
  enabled: 'enable_boot_assessment',
  /** Set by the administrator to assess every boot, not only the first after an upgrade. */
  always: 'enable_boot_assessment_always',
  tentative: 'boot_assessment_tentative',
  /** The active system that the node knows, by its {@link slotId id}; GRUB clears it when it finds another one. */
  slot: 'boot_assessment_slot',
} as const;

/** Content of the hook. */
export const ASSESSMENT_HOOK = [
  'search --no-floppy --file --set=assessment_blk --hint="${boot_disk}," /grub_boot_assessment',
  'if [ -n "${assessment_blk}" ]; then',
  '  source (${assessment_blk})/grub_boot_assessment',
  'fi',
  '',
].join('\n');

/**
 * Content of the script. A one-time selection by the user is not assessed. If an assessed boot does not clear the mark,
 * the next boot takes the fallback entry, and its kernel command line says so.
 *
 * An active system that the node does not know was put in place by a program that marked nothing, such as upstream's agent
 * in an image without upstream's stages. The script then marks it itself, even if that program selected the active entry for
 * the next boot, as upstream's agent does. `search` is in every distribution's signed GRUB; `probe` is not.
 */
export const ASSESSMENT_SCRIPT = [
  '# Falls back to the passive system when the first boot after an upgrade did not reach its end.',
  'set assess=',
  'set env_assessment=',
  'search --no-floppy --file --set=env_assessment --hint="${boot_disk}," /boot_assessment',
  'if [ -n "${env_assessment}" ]; then',
  '  load_env -f (${env_assessment})/boot_assessment enable_boot_assessment enable_boot_assessment_always boot_assessment_tentative boot_assessment_slot',
  '  if [ -n "${boot_assessment_slot}" ]; then',
  '    if [ -z "${selected_entry}" -o "${selected_entry}" = cos ]; then',
  '      # Another system than the known one is in the active slot: an upgrade, whoever made it.',
  '      set known_slot=',
  '      loopback assessed (${env_assessment})/cOS/active.img',
  '      search --no-floppy --fs-uuid --hint assessed --set=known_slot ${boot_assessment_slot}',
  '      loopback -d assessed',
  '      if [ -z "${known_slot}" ]; then',
  '        set enable_boot_assessment=yes',
  '        set boot_assessment_tentative=',
  '        set boot_assessment_slot=',
  '        set selected_entry=',
  '        save_env -f (${env_assessment})/boot_assessment enable_boot_assessment boot_assessment_tentative boot_assessment_slot',
  '      fi',
  '    fi',
  '  fi',
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
