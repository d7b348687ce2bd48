/** A vCPU state as Xen loads and saves it (hvm/save.h @ RELEASE-4.17.0, RELEASE-4.20.0). */

import { bytes, layout, u16, u32, u64 } from '../core/layout.ts';

/** Type codes of the records; the key is the macro's argument. */
export const HVM_SAVE_CODE = {
  END: 0,
  HEADER: 1,
  CPU: 2,
  IOAPIC: 4,
  LAPIC: 5,
  LAPIC_REGS: 6,
  MTRR: 14,
  TSC_ADJUST: 19,
} as const;

/** Heads every record; `length` counts the bytes after it. */
export const hvmSaveDescriptor = layout('struct hvm_save_descriptor', 8, {
  typecode: u16(0),
  instance: u16(2),
  length: u32(4),
});

export const HVM_FILE_MAGIC = 0x54381286;
export const HVM_FILE_VERSION = 1;

/** The first record of a stream (arch-x86/hvm/save.h). */
export const hvmSaveHeader = layout('struct hvm_save_header', 24, {
  magic: u32(0),
  version: u32(4),
  changeset: u64(8),
  cpuid: u32(16),
  gtscKhz: u32(20),
});

export const MTRR_VCNT = 8;
export const NUM_FIXED_MSR = 11;

/** `msrMtrrVar` is pairs of base and mask. */
export const hvmHwMtrr = layout('struct hvm_hw_mtrr', 240, {
  msrPatCr: u64(0),
  msrMtrrVar: bytes(8, 128),
  msrMtrrFixed: bytes(136, 88),
  msrMtrrCap: u64(224),
  msrMtrrDefType: u64(232),
});

export const XEN_X86_FPU_INITIALISED = 1 << 0;

/** Registers; `*Arbytes` are a segment's access rights as VMX and SVM keep them. */
export const hvmHwCpu = layout('struct hvm_hw_cpu', 1032, {
  fpuRegs: bytes(0, 512),
  rax: u64(512),
  rbx: u64(520),
  rcx: u64(528),
  rdx: u64(536),
  rbp: u64(544),
  rsi: u64(552),
  rdi: u64(560),
  rsp: u64(568),
  r8: u64(576),
  r9: u64(584),
  r10: u64(592),
  r11: u64(600),
  r12: u64(608),
  r13: u64(616),
  r14: u64(624),
  r15: u64(632),
  rip: u64(640),
  rflags: u64(648),
  cr0: u64(656),
  cr2: u64(664),
  cr3: u64(672),
  cr4: u64(680),
  dr0: u64(688),
  dr1: u64(696),
  dr2: u64(704),
  dr3: u64(712),
  dr6: u64(720),
  dr7: u64(728),
  csSel: u32(736),
  dsSel: u32(740),
  esSel: u32(744),
  fsSel: u32(748),
  gsSel: u32(752),
  ssSel: u32(756),
  trSel: u32(760),
  ldtrSel: u32(764),
  csLimit: u32(768),
  dsLimit: u32(772),
  esLimit: u32(776),
  fsLimit: u32(780),
  gsLimit: u32(784),
  ssLimit: u32(788),
  trLimit: u32(792),
  ldtrLimit: u32(796),
  idtrLimit: u32(800),
  gdtrLimit: u32(804),
  csBase: u64(808),
  dsBase: u64(816),
  esBase: u64(824),
  fsBase: u64(832),
  gsBase: u64(840),
  ssBase: u64(848),
  trBase: u64(856),
  ldtrBase: u64(864),
  idtrBase: u64(872),
  gdtrBase: u64(880),
  csArbytes: u32(888),
  dsArbytes: u32(892),
  esArbytes: u32(896),
  fsArbytes: u32(900),
  gsArbytes: u32(904),
  ssArbytes: u32(908),
  trArbytes: u32(912),
  ldtrArbytes: u32(916),
  sysenterCs: u64(920),
  sysenterEsp: u64(928),
  sysenterEip: u64(936),
  shadowGs: u64(944),
  msrFlags: u64(952),
  msrLstar: u64(960),
  msrStar: u64(968),
  msrCstar: u64(976),
  msrSyscallMask: u64(984),
  msrEfer: u64(992),
  msrTscAux: u64(1000),
  tsc: u64(1008),
  pendingEvent: u32(1016),
  errorCode: u32(1020),
  flags: u32(1024),
});
