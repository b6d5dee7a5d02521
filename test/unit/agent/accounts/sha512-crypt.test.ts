import { expect, test } from 'vitest';
import { newSalt, sha512Crypt } from '../../../../src/agent/accounts/sha512-crypt.ts';

// The test vectors of "Unix crypt using SHA-256 and SHA-512" (public domain), and three computed by glibc's crypt(3).
test.each([
  [
    '$6$saltstring',
    'Hello world!',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
  [
    '$6$rounds=10000$saltstringsaltstring',
    'Hello world!',
    '$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
  ],
  [
    '$6$rounds=5000$toolongsaltstring',
    'This is just a test',
    '$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0',
  ],
  [
    '$6$rounds=1400$anotherlongsaltstring',
    'a very much longer text to encrypt.  This one even stretches over morethan one line.',
    '$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1',
  ],
  [
    '$6$rounds=77777$short',
    'we have a short salt string but not a short password',
    '$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0',
  ],
  [
    '$6$rounds=10$roundstoolow',
    'the minimum number is still observed',
    '$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX.',
  ],
  ['$6$x', '', '$6$x$QSmr1Bx2g4O6BzKvdkgOcyU6H91X6I/XBv5pSalMhSPkwdH6Beo3F455xZJg0v//bxVK5F4OE5k1.0xuR26MK0'],
  [
    '$6$umlaut',
    'grüße',
    '$6$umlaut$YQZn.7u42rg1OJW7A2mHs2sCoMpm0ufGLTPYcTz0zgXS9oN9ddHPLFsFldFjHwFHhmdcc3IFuXCgEQL.HlFjT1',
  ],
  [
    '$6$',
    'nosalt',
    '$6$$7gPSWnHUx/ZU7XLufuRz/6FX08ilOIa1GDfRptdtSswrvG/2lVweYVTC.rkg7.f31UnXbr0JFBblbnaa2T5JP1',
  ],
])('%s gives the reference hash', (setting, password, hash) => {
  expect(sha512Crypt(password, setting)).toBe(hash);
  expect(sha512Crypt(password, hash)).toBe(hash);
});

test('salts have 16 crypt digits and differ', () => {
  const salts = Array.from({ length: 20 }, newSalt);
  expect(salts.every((salt) => /^[./0-9A-Za-z]{16}$/.test(salt))).toBe(true);
  expect(new Set(salts).size).toBe(20);
});
