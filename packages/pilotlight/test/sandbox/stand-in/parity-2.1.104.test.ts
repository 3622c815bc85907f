import { testParity } from "./parity.ts";

testParity("2.1.104");
