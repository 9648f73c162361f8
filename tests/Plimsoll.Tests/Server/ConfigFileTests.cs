using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Server.Configuration;
using Plimsoll.Server.Serving;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class ConfigFileTests
{
    const string Small = "models:\n  - name: m\n    simulated:\n      gpu: h100_sxm\n";

    static ServeConfig Read(string yaml, params (string, string)[] environment)
    {
        var variables = new Dictionary<string, string>();
        foreach (var (name, value) in environment)
            variables[name] = value;
        var config = ConfigFile.Parse(yaml, "c.yaml", variables.GetValueOrDefault);
        ConfigCheck.Check(config, "c.yaml");
        return config;
    }

    const string Hash = "pbkdf2-sha256$100000$AAAAAAAAAAAAAAAAAAAAAA==$"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    const string Slack = Small + "      policy: slack\n";
    const string Fleet = Small + "  - name: u\n    upstreams: [{url: \"http://h:1\"}]\n";
    const string Refusal = Fleet
        + "  - name: c\n    cascade: {first: m, then: u, escalate_when: {refusal: ";

    [Fact]
    public void A_share_and_a_weight_reach_the_scheduler()
    {
        var config = Read(Slack + """
            levels:
              fast: {ttft: 1s}
              slow: {window: 2h, share: 0.2, weight: 3}
            """);
        var slow = new Levels(config.Levels).Specs[1];
        (slow.Name, slow.MinShare, slow.Weight).ShouldBe(("slow", 0.2, 3));
    }

    [Fact]
    public void Variables_are_the_environments()
    {
        var config =
            Read(Small + "release: ${RELEASE:-none}\nledger: ${LEDGER:-sqlite}\n", ("RELEASE", "r7"));
        config.Release.ShouldBe("r7");
        config.Ledger.ShouldBe("sqlite");
        config.Models[0].Simulated!.Gpu.ShouldBe("h100_sxm");
    }

    [Theory]
    [InlineData(Small + "colour: blue\n", "line 5", "colour")]
    [InlineData("models:\n  - name: m\n    simulated:\n      gpus: x\n", "line 4", "gpus")]
    [InlineData(Small + "release: ${NOWHERE}\n", "line 5", "NOWHERE")]
    [InlineData(Small + "release: ${\n", "line 5", "${VAR:-default}")]
    [InlineData(Small + "release: ${A B}\n", "line 5", "${VAR:-default}")]
    [InlineData(Small + "release: ${1A}\n", "line 5", "${VAR:-default}")]
    [InlineData(Small + "release: ${A\nstate: b}\n", "line 5", "${VAR:-default}")]
    [InlineData(Small + "listen: []\n", "listen is empty", "at least one address")]
    [InlineData(Small + "state: \"\"\n", "state is empty", "a folder")]
    [InlineData(Small + "ledger: \"\"\n", "ledger", "expected sqlite")]
    [InlineData(Small + "ledger: mysql\n", "ledger mysql", "expected sqlite")]
    [InlineData(Small + "ledger: sqllite\n", "ledger sqllite", "expected sqlite")]
    [InlineData(Small + "ledger: postgres\n", "ledger postgres", "postgres://USER")]
    [InlineData(Small + "ledger: mysql://u:p@h/d\n", "c.yaml: ledger:", "postgres://USER")]
    [InlineData(Small + "      block_size: 0\n", "m: simulated: block_size 0", "1 to 4096")]
    [InlineData(Small + "      block_size: 4097\n", "block_size 4097", "1 to 4096")]
    [InlineData(Small + "      num_gpu_blocks: 0\n", "num_gpu_blocks 0", "1 to 16777216")]
    [InlineData(Small + "      num_gpu_blocks: 2000000000\n", "num_gpu_blocks", "1 to 16777216")]
    [InlineData(Small + "      max_model_len: -1\n", "max_model_len -1", "1 to")]
    [InlineData(Small + "      max_num_seqs: 0\n", "max_num_seqs 0", "1 to")]
    [InlineData(Small + "      max_num_batched_tokens: 0\n", "max_num_batched_tokens 0", "1 to")]
    [InlineData(Small + "      median_output_tokens: 0.5\n", "median_output_tokens 0.5", "1 to")]
    [InlineData(Small + "      median_output_tokens: 1e99\n", "median_output_tokens 1E+99", "1 to")]
    [InlineData(Small + "      tp: 0\n", "tp 0", "1 to 64")]
    [InlineData(Small + "      replicas: 0\n", "replicas 0", "1 to 1024")]
    [InlineData(Fleet + "    twin: {block_size: -1}\n", "u: twin: block_size -1", "1 to 4096")]
    [InlineData(Small + "keys: [{tenant: a, id: b, hash: c}]\n", "key b: hash", "--new-key")]
    [InlineData(Small + "  - name: l\n    llama: {path: x.gguf, adapters: {m: y.gguf}}\n",
        "model l: adapter m", "one of its own")]
    [InlineData("models: []\n", "models", "at least one")]
    [InlineData(Small + "listen: [\"http://0.0.0.0:80\"]\n", "open beyond this machine", "--new-key")]
    [InlineData(Small + "listen: [\"ftp://x\"]\n", "ftp://x", "http://HOST:PORT")]
    [InlineData(Small + "listen: [\"https://127.0.0.1:1\"]\n", "tls", "certificate")]
    [InlineData(Small + "listen: [\"http://127.0.0.1:1/v1\"]\n", "127.0.0.1:1/v1", "no path")]
    [InlineData(Small + "listen: [\"http://127.0.0.1:1?a=b\"]\n", "a=b", "no query")]
    [InlineData(Small + "listen: [\"http://127.0.0.1:1/#a\"]\n", "#a", "no path")]
    [InlineData(Small + "listen: [\"http://u:p@127.0.0.1:1\"]\n", "listen: a user", "keys")]
    [InlineData(Small + "listen: [\"http://example.org:1\"]\n", "example.org", "IP address")]
    [InlineData(Small + "tls: {certificate: a, key: b}\n", "tls without an https address", "both")]
    [InlineData(Small + "levels:\n  fast: {ttft: soon}\n", "fast", "500ms")]
    [InlineData(Small + "levels:\n  fast: {ttft: 1s, window: 2h}\n", "fast", "not both")]
    [InlineData(Small + "levels: {fast: {when_full: relegate}}\n", "fast", "a level with a window")]
    [InlineData(Small + "levels:\n  slow: {window: 2h, when_full: reject}\n", "slow", "expected queue")]
    [InlineData(Small + "levels:\n  fast: {ttft: 1s, share: 0.2}\n", "fast", "a window beside them")]
    [InlineData(Small + "levels:\n  slow: {window: 2h, share: 0.2}\n", "slow", "of the policy slack")]
    [InlineData(Slack + "levels:\n  slow: {window: 2h, share: 1.2}\n", "share 1.2", "0 to 0.99")]
    [InlineData(Slack + "levels:\n  slow: {window: 2h, weight: 0}\n", "weight 0", "1 to 1000")]
    [InlineData(Slack + "levels:\n  a: {window: 2h, share: 0.7}\n  b: {window: 3h, share: 0.6}\n",
        "level b: share 0.6", "at most 0.3")]
    [InlineData(Small + "levels:\n  fast: {when_full: panic}\n", "when_full panic", "reject or relegate")]
    [InlineData("models:\n  - name: m\n", "m", "simulated, llama, upstreams and cascade")]
    [InlineData(Small + "log: {default: loud}\n", "loud", "warning")]
    [InlineData(Small + "telemetry: {otlp_endpoint: here}\n", "here", "http://HOST:4318")]
    [InlineData(Small + "keys: [{tenant: a, id: b, hash: " + Hash + ", weight: 0}]\n",
        "weight 0", "1 to 1000")]
    [InlineData(Small + "telemetry: {trace_share: 2}\n", "trace_share 2", "0 to 1")]
    [InlineData(Small + "  - name: c\n    cascade: {first: m, then: m}\n", "are one", "two models")]
    [InlineData(Small + "  - name: c\n    cascade: {first: m, then: x}\n", "then x", "model of this file")]
    [InlineData(Fleet + "    fallback: u\n", "come back to u", "an end")]
    [InlineData(Fleet + "    fallback: x\n", "fallback x", "no cascade")]
    [InlineData(Refusal + "\"(\"}}\n", "refusal", "(")]
    [InlineData(Refusal + "\"(?=x)\"}}\n", "refusal", "NonBacktracking")]
    [InlineData("models:\n  - name: m\n    upstreams: [{url: nothing}]\n", "nothing", "http://HOST:PORT")]
    [InlineData(Small + "  - name: m\n    simulated: {}\n", "twice", "once")]
    [InlineData(Small + "keys: [{tenant: a}]\n", "key", "--new-key")]
    [InlineData(Small + "limits: {drain: later}\n", "drain", "500ms")]
    [InlineData("a: [", "line 1", "c.yaml")]
    [InlineData(Small + "state: a\nstate: b\n", "line 6", "state")]
    [InlineData(Small + "listen: http://127.0.0.1:1\n", "line 5: listen: http://127.0.0.1:1", "a list")]
    [InlineData(Small + "listen: {a: b}\n", "line 5: listen: is a map", "a list")]
    [InlineData(Small + "listen:\n", "listen: is empty", "a list")]
    [InlineData(Small + "listen: [\n  [a]]\n", "line 6: listen[0]: is a list", "text")]
    [InlineData(Small + "listen: [\"http://127.0.0.1:1\"]\nstate: [x]\n", "line 6: state: is a list", "text")]
    [InlineData(Small + "release: null\n", "release: is empty", "text")]
    [InlineData(Small + "limits: [1]\n", "line 5: limits: is a list", "a map of keys")]
    [InlineData(Small + "limits: much\n", "limits: much", "a map of keys")]
    [InlineData(Small + "limits:\n", "limits: is empty", "a map of keys")]
    [InlineData(Small + "limits: {max_connections: many}\n", "limits.max_connections: many", "whole")]
    [InlineData(Small + "limits: {max_connections: 3000000000}\n", "3000000000", "a whole number")]
    [InlineData(Small + "limits: {drain: [30s]}\n", "limits.drain: is a list", "text")]
    [InlineData(Small + "levels: [fast]\n", "levels: is a list", "a map from names")]
    [InlineData(Small + "levels: {fast: 500ms}\n", "levels.fast: 500ms", "a map of keys")]
    [InlineData(Small + "levels:\n  fast:\n", "levels.fast: is empty", "a map of keys")]
    [InlineData(Small + "levels: {fast: {service_tiers: flex}}\n", "service_tiers: flex", "a list")]
    [InlineData(Small + "levels: {[a]: {ttft: 1s}}\n", "levels", "a name")]
    [InlineData(Small + "log: warning\n", "log: warning", "a map from names")]
    [InlineData(Small + "telemetry: {trace_share: most}\n", "telemetry.trace_share: most", "a number")]
    [InlineData(Small + "telemetry: {headers: {k: [v]}}\n", "telemetry.headers.k: is a list", "text")]
    [InlineData(Small + "keys: {tenant: a}\n", "keys: is a map", "a list of maps")]
    [InlineData(Small + "keys: [{tenant: a, admin: perhaps}]\n", "keys[0].admin: perhaps", "true or false")]
    [InlineData(Small + "keys: [{budget_usd_per_day: lots}]\n", "budget_usd_per_day: lots", "a number")]
    [InlineData(Small + "keys:\n  -\n", "keys[0]: is empty", "a map of keys")]
    [InlineData(Small + "tls: cert.pem\n", "tls: cert.pem", "a map of keys")]
    [InlineData("models: {name: m}\n", "line 1: models: is a map", "a list of maps")]
    [InlineData("models:\n  - m\n", "line 2: models[0]: m", "a map of keys")]
    [InlineData("models:\n", "models: is empty", "a list of maps")]
    [InlineData("models:\n  - name: m\n    simulated: {tp: two}\n", "models[0].simulated.tp: two", "whole")]
    [InlineData("models:\n  - name: m\n    simulated: {seed: -1}\n", "simulated.seed: -1", "whole")]
    [InlineData("models:\n  - name: m\n    upstreams: {url: x}\n", "upstreams: is a map", "a list of maps")]
    [InlineData("[1, 2]\n", "line 1: is a list", "a map of keys")]
    [InlineData("words\n", "line 1: words", "a map of keys")]
    [InlineData(Small + "---\nmodels: []\n", "a second document", "one")]
    public void What_is_wrong_is_said_in_one_line(string yaml, string what, string expected)
    {
        var message = Should.Throw<BadInputException>(() => Read(yaml)).Message;
        message.ShouldContain(what);
        message.ShouldContain(expected);
        message.ShouldNotContain("\n");
    }

    /// <summary>What YAML lets people write for the same thing stays the same thing.</summary>
    [Fact]
    public void Other_spellings_of_a_value_are_read()
    {
        var config = Read(Small + "limits: {max_connections: 20_000, drain: \"5s\"}\n"
            + "tls: ~\ndecision_log:\nkeys: &none []\n"
            + "telemetry: {trace_share: 1e-2, headers: {a: 1}}\n");
        config.Limits.MaxConnections.ShouldBe(20_000);
        config.Tls.ShouldBeNull();
        config.Telemetry.TraceShare.ShouldBe(0.01);
        config.Telemetry.Headers["a"].ShouldBe("1");
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("books.db")]
    [InlineData("/var/lib/plimsoll/ledger.sqlite3")]
    [InlineData("postgres://u:p@h/d")]
    [InlineData("postgresql://u:p@h:5433/d")]
    public void Ledgers_are_named_in_these_ways(string ledger) =>
        Read(Small + $"ledger: {ledger}\n").Ledger.ShouldBe(ledger);

    [Fact]
    public void What_is_too_deep_is_said() =>
        Should.Throw<BadInputException>(() => Read("a: " + new string('[', 100_000))).Message
            .ShouldContain("line 1: deeper than 32");

    /// <summary>Nodes that stand for a thousand million others are looked at once.</summary>
    [Fact]
    public void Aliases_of_aliases_cost_nothing()
    {
        var yaml = "a0: &a0 [x]\n";
        for (var i = 1; i < 40; i++)
            yaml += $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n";
        Should.Throw<BadInputException>(() => Read(yaml)).Message.ShouldContain("unknown key a0");
        var nested = "listen: &b0 [x]\nstate: s\nlevels:\n  l: {service_tiers: [*b0]}\n" + Small;
        Should.Throw<BadInputException>(() => Read(nested)).Message.ShouldContain("service_tiers[0]");
    }
}
