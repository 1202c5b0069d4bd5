import { describe, expect, it } from 'vitest';
import type { GovernedTool, Sink } from '../model/tool.ts';
import { showsOnly } from './shows-only.ts';

const shows = (
  name: string,
  description: string,
  sinks: Readonly<Record<string, Sink['carries']>> = {},
  more: Partial<GovernedTool> = {},
): boolean =>
  showsOnly({
    tool: { server: 'acme', name, description, inputSchema: { type: 'object' } },
    name: `acme/${name}`,
    pin: 'sha256:a' as GovernedTool['pin'], // any digest will do
    effect: 'write',
    consequence: 'high',
    declared: false,
    sinks: Object.entries(sinks).map(([path, carries]) => ({ path, carries, declared: false })),
    ...more,
  });

describe('a tool that only shows something, by its name and what it says', () => {
  it.each([
    ['lab_report', 'The latest lab report of a patient.'],
    ['slots_open', 'Open slots of a physician.'],
    ['staff_directory', 'All staff of the clinic.'],
    ['schedule_of_day', 'The appointments of a physician on a day.'],
    ['invoice_history', 'Invoices of a patient.'],
    ['meters.history', 'Use of energy and water by month.'],
    ['calendar.today', 'What day it is.'],
    ['bills.open', 'Bills that are not paid yet.'],
  ])('%s: %s', (name, description) => expect(shows(name, description, { patient_id: 'authority' })).toBe(true));

  it.each([
    ['its description acts', 'messages', 'Messages a person.'],
    ['its description acts on somebody', 'logs', 'Logs in the user.'],
    ['its description opens with a verb', 'alarms.state', 'Silences an alarm.'],
    ['its description does something besides', 'reports', 'The reports of a day, and deletes the old ones.'],
    ['its description will do something', 'reports', 'The reports that will delete themselves.'],
    ['it says nothing', 'reports', ''],
    ['its name acts', 'reports_delete', 'The reports of a day.'],
    ['its name opens with what may be a verb', 'open_account', 'The account of a customer.'],
    ['its name is a deed', 'bill_payment', 'The payment of a bill.'],
    ['its name is no thing that is known', 'frobnicate', 'The frobnication.'],
  ])('not where %s', (_, name, description) => expect(shows(name, description)).toBe(false));

  it.each<[string, Record<string, Sink['carries']>]>([
    ['words', { text: 'data' }],
    ['an amount', { amount: 'authority' }],
    ['an order', { action: 'authority' }],
    ['somebody who gets something', { email: 'recipient' }],
    ['where it goes', { url: 'destination' }],
  ])('not where it takes %s', (_, sinks) => expect(shows('lab_report', 'The latest report.', sinks)).toBe(false));

  it('not where somebody declared it, and a read is none of its business', () => {
    expect(shows('lab_report', 'The latest report.', {}, { declared: true })).toBe(false);
    expect(shows('lab_report', 'The latest report.', {}, { effect: 'read' })).toBe(false);
  });
});
