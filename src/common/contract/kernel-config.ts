/**
 * Where distributions put the configuration of a kernel, in the order of a search: Debian and the Red Hat family by its
 * version, Alpine by its flavor, openSUSE beside its modules.
 * @param kernel the version, or what the file name of the kernel has after its first `-`
 */
export function kernelConfigPlaces(kernel: string): string[] {
  const flavor = kernel.slice(kernel.lastIndexOf('-') + 1);
  return [...new Set([`/boot/config-${kernel}`, `/boot/config-${flavor}`, `/lib/modules/${kernel}/config`])];
}
