/** A group of facts; unknown ones are absent. */
type Group<Text extends string, Amount extends string = never> = {
  readonly [K in Text]?: string;
} & { readonly [K in Amount]?: number };

/**
 * Facts about the machine, with the names that upstream's templates use below `.Values` (docs/contract.md 4.8): the tree of
 * github.com/zcalusic/sysinfo, as far as `/sys`, `/proc` and `/etc` provide it without a program or a system call.
 */
export interface Facts {
  readonly node: Group<'hostname' | 'machineid' | 'hypervisor' | 'timezone'>;
  readonly os: Group<'name' | 'vendor' | 'version' | 'release' | 'architecture'>;
  readonly kernel: Group<'release' | 'version' | 'architecture'>;
  readonly product: Group<'name' | 'vendor' | 'version' | 'serial' | 'uuid' | 'sku'>;
  readonly board: Group<'name' | 'vendor' | 'version' | 'serial' | 'assettag'>;
  readonly chassis: Group<'vendor' | 'version' | 'serial' | 'assettag', 'type'>;
  readonly bios: Group<'vendor' | 'version' | 'date'>;
  /** Speed in MHz, cache in KB. */
  readonly cpu: Group<'vendor' | 'model', 'speed' | 'cache' | 'cpus' | 'cores' | 'threads'>;
  /** Size in MB. */
  readonly memory: Group<never, 'size'>;
  /** Physical disks, with sizes in GB. */
  readonly storage: readonly Group<'name' | 'driver' | 'vendor' | 'model' | 'serial', 'size'>[];
  /** Physical interfaces, with speeds in Mbit/s. */
  readonly network: readonly Group<'name' | 'driver' | 'macaddress', 'speed'>[];
}
