/**
 * How each sample of the guide on signatures is run. A harness reads cases from its standard input, one a line, secret,
 * id, timestamp, signatures and base64 of the body between tabs, and prints true or false for each.
 */
import { spawnSync } from 'node:child_process'

export interface Sample {
  /** As the sample's first line says. */
  file: string
  /** The program that it cannot be run without, and the package of Debian that has it. */
  needs?: { program: string; install: string }
  /** Further files beside it; and where the sample itself goes, if it is not beside them. */
  files: Record<string, string>
  at?: string
  /** What is run in their folder: first these, and then the one that reads the cases. */
  build?: string[][]
  command: string[]
}

const nodeHarness = (file: string) => `
import { readFileSync } from 'node:fs'
import { verify } from './${file}'
for (const line of readFileSync(0, 'utf8').trimEnd().split('\\n')) {
  const [secret, id, timestamp, signatures, body] = line.split('\\t')
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures }
  console.log(await Promise.resolve().then(() => verify(secret, headers, Buffer.from(body, 'base64'))).catch(
    (error) => secret === 'whsec_' ? false : Promise.reject(error))) // the libraries throw on an empty key
}
`

const node = (file: string): Sample => ({
  file,
  files: { 'main.mjs': nodeHarness(file) },
  command: [process.execPath, 'main.mjs'],
})

const cargo = `[package]
name = "verify"
version = "0.0.0"
edition = "2021"
[[bin]]
name = "verify"
path = "main.rs"
[dependencies]
hmac = "0.12"
sha2 = "0.10"
data-encoding = "2"
`

// Debian's crates stand in a folder, so that nothing is fetched.
const debianCrates = `[source.crates-io]
replace-with = "debian"
[source.debian]
directory = "/usr/share/cargo/registry"
`

export const samples: Sample[] = [
  node('node.mjs'),
  node('sdk.mjs'),
  node('svix.mjs'),
  node('standardwebhooks.mjs'),
  {
    file: 'pombo_webhook.py',
    needs: { program: 'python3', install: 'python3' },
    files: {
      'main.py': `
import base64, sys
from pombo_webhook import verify
for line in sys.stdin:
    secret, id, timestamp, signatures, body = line.rstrip("\\n").split("\\t")
    print(str(verify(secret, id, timestamp, signatures, base64.b64decode(body))).lower())
`,
    },
    command: ['python3', '-B', 'main.py'],
  },
  {
    file: 'webhook.go',
    needs: { program: 'go', install: 'golang-go' },
    at: 'webhook/webhook.go',
    files: {
      'go.mod': 'module verify\n\ngo 1.19\n',
      'main.go': `package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"verify/webhook"
)

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		one := strings.Split(lines.Text(), "\\t")
		body, _ := base64.StdEncoding.DecodeString(one[4])
		fmt.Println(webhook.Verify(one[0], one[1], one[2], one[3], body))
	}
}
`,
    },
    build: [['go', 'build', '-o', 'verify', '.']],
    command: ['./verify'],
  },
  {
    file: 'PomboWebhook.java',
    needs: { program: 'javac', install: 'default-jdk-headless' },
    files: {
      'Main.java': `
import java.io.*;
import java.util.Base64;
final class Main {
  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = lines.readLine()) != null;) {
      String[] one = line.split("\\t", -1);
      System.out.println(PomboWebhook.verify(one[0], one[1], one[2], one[3], Base64.getDecoder().decode(one[4])));
    }
  }
}
`,
    },
    build: [['javac', '-Xlint:all', '-Werror', 'Main.java', 'PomboWebhook.java']],
    command: ['java', '-Xshare:auto', '-XX:TieredStopAtLevel=1', '-cp', '.', 'Main'],
  },
  {
    file: 'pombo_webhook.php',
    needs: { program: 'php', install: 'php-cli' },
    files: {
      'main.php': `<?php
declare(strict_types=1);
require 'pombo_webhook.php';
while (($line = fgets(STDIN)) !== false) {
    [$secret, $id, $timestamp, $signatures, $body] = explode("\\t", rtrim($line, "\\n"));
    echo pombo_verify($secret, $id, $timestamp, $signatures, base64_decode($body)) ? "true\\n" : "false\\n";
}
`,
    },
    command: ['php', '-d', 'error_reporting=-1', 'main.php'],
  },
  {
    file: 'pombo_webhook.rb',
    needs: { program: 'ruby', install: 'ruby' },
    files: {
      'main.rb': `
require_relative "pombo_webhook"
STDIN.each_line(chomp: true) do |line|
  secret, id, timestamp, signatures, body = line.split("\\t", -1)
  puts PomboWebhook.verify(secret, id, timestamp, signatures, body.unpack1("m"))
end
`,
    },
    command: ['ruby', '-w', 'main.rb'],
  },
  {
    file: 'pombo_webhook.ex',
    needs: { program: 'elixir', install: 'elixir erlang-crypto' },
    files: {
      'main.exs': `
Code.require_file("pombo_webhook.ex", __DIR__)
for line <- IO.stream(:stdio, :line) do
  [secret, id, timestamp, signatures, body] = line |> String.trim_trailing("\\n") |> String.split("\\t")
  IO.puts(PomboWebhook.verify(secret, id, timestamp, signatures, Base.decode64!(body)))
end
`,
    },
    command: ['elixir', 'main.exs'],
  },
  {
    file: 'PomboWebhook.cs',
    needs: { program: 'mcs', install: 'mono-mcs' },
    files: {
      'Main.cs': `
using System;
static class Program {
    static void Main() {
        for (string line; (line = Console.ReadLine()) != null;) {
            var one = line.Split('\\t');
            var passed = PomboWebhook.Verify(one[0], one[1], one[2], one[3], Convert.FromBase64String(one[4]));
            Console.WriteLine(passed ? "true" : "false");
        }
    }
}
`,
    },
    build: [['mcs', '-out:verify.exe', 'Main.cs', 'PomboWebhook.cs']],
    command: ['mono', 'verify.exe'],
  },
  {
    file: 'pombo_webhook.rs',
    needs: {
      program: 'cargo', // 1.70 or later
      install: 'cargo librust-hmac-dev librust-sha2-dev librust-data-encoding-dev',
    },
    files: {
      'Cargo.toml': cargo,
      '.cargo/config.toml': debianCrates,
      'main.rs': `
mod pombo_webhook;
fn main() {
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let one: Vec<&str> = line.split('\\t').collect();
        let body = data_encoding::BASE64.decode(one[4].as_bytes()).unwrap();
        println!("{}", pombo_webhook::verify(one[0], one[1], one[2], one[3], &body));
    }
}
`,
    },
    build: [['cargo', 'build', '--quiet', '--offline']],
    command: ['target/debug/verify'],
  },
]

/** Why a sample cannot be run here; undefined where it can. */
export function lacking({ file, needs }: Sample): string | undefined {
  if (needs === undefined) return undefined
  if (spawnSync('which', [needs.program]).status === 0) return undefined
  return `${needs.program} is not installed (apt-get install ${needs.install}); ${file} was not run`
}
