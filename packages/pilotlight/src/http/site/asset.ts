/** One file of the page, as it is sent. */
export interface Asset {
  readonly type: string;
  readonly body: string;
}

export interface PageAssets {
  /** The names of the first script and of the style, which change with what is in them. */
  readonly script: string;
  readonly style: string;
  readonly files: ReadonlyMap<string, Asset>;
}

/** Media types by the end of a name. */
export const SCRIPT = "text/javascript; charset=utf-8";
export const STYLE = "text/css; charset=utf-8";
