import { expect, test } from "vitest";
import { table } from "../../../engine/cli/table.ts";

const ROWS = [
  ["r1-n05", "enroll -> available", 'held (power) by ops: "cabling" (id 2aeddf2c) (IW-P01)'],
  ["r1-n06", "available", ""],
];

test("table() wraps the sentence of the last column and loses no word of it", () => {
  expect(table(["NODE", "STATE", "WHY"], ROWS, 60)).toBe(`\
NODE    STATE                WHY
r1-n05  enroll -> available  held (power) by ops: "cabling"
                             (id 2aeddf2c) (IW-P01)
r1-n06  available
`);
});

test("table() cuts no column that must be whole", () => {
  const text = table(["NODE", "STATE", "WHY"], ROWS, 50, ["STATE"]);
  expect(text).toContain("enroll -> available  held");
});

test("table() marks what it cuts, and no line is longer than the width", () => {
  const text = table(["NODE", "STATE", "WHY"], ROWS, 50);
  expect(text).toContain("enroll -> a…  held");
  expect(text.split("\n").filter((line) => line.length > 50)).toEqual([]);
});
