import { memoryStore } from "../../src/storage/memory-store.ts";
import { holdsContract } from "./contract.ts";

holdsContract("the memory store", memoryStore);
