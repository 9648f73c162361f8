using System.IO;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>Bad input gets one clear line on stderr, exit code 2, and nothing on stdout.</summary>
public sealed class BadInputTests
{
    [Theory]
    [InlineData("model Llama-9.9-70B", "nearest: Llama-", "account", "--model", "Llama-9.9-70B")]
    [InlineData("--gpu h1000", "nearest: h100_sxm", "account", "--gpu", "h1000")]
    [InlineData("--workload chatt", "nearest: chat", "account", "--workload", "chatt")]
    [InlineData("no known unit", "such as 500ms", "account", "--promise", "ttft p95 500")]
    [InlineData("no known unit", "such as 500ms", "account", "--promise", "ttft p95 500tokens")]
    [InlineData("unknown metric", "ttft, tpot, itl or e2e", "account", "--promise", "speed p95 500ms")]
    [InlineData("percentile", "such as p95", "account", "--promise", "ttft p100 500ms")]
    [InlineData("--tp 3", "divisor of 64", "account", "--tp", "3")]
    [InlineData("--tp 16", "at most that", "account", "--tp", "16")]
    [InlineData("--ep 4", "no experts", "account", "--ep", "4")]
    [InlineData("does not fit", "GB", "account", "--tp", "1", "--pp", "1")]
    [InlineData(
        "does not fit", "GB", "account", "--model", "DeepSeek-V3", "--gpu", "l4", "--tp", "1", "--pp", "1")]
    [InlineData("--rate", "0.000001", "account", "--rate", "-4")]
    [InlineData("--rate", "0.000001", "account", "--rate", "1e-300")]
    [InlineData("--rate 1,5", "a number", "account", "--rate", "1,5")]
    [InlineData("--dp 2147483647", "1 to 4096", "account", "--tp", "8", "--dp", "2147483647")]
    [InlineData("percentile", "such as p95", "simulate", "--promise", "ttft pNaN 500ms")]
    [InlineData("--draft-acceptance NaN", "probabilities of 0 to 1", "simulate", "--policy", "slack",
        "--draft-acceptance", "NaN")]
    [InlineData("model @/etc/hostname", "unknown", "simulate", "--model", "@/etc/hostname")]
    [InlineData("p99.9999999", "p99.99", "account", "--promise", "ttft p99.9999999 500ms")]
    [InlineData("0.0000001us", "1us to 366d", "account", "--promise", "ttft p95 0.0000001us")]
    [InlineData("--price", "USD per hour", "account", "--price", "cheap")]
    [InlineData("yyyy-MM-dd", "2026-08-21", "account", "--price", "neocloud@yesterday")]
    [InlineData("--price", "above 0", "account", "--price", "0")]
    [InlineData("--window", "no known unit", "account", "--window", "24")]
    [InlineData("--requests", "200", "account", "--requests", "10")]
    [InlineData("too few", "at least 737", "account", "--requests", "600", "--promise", "ttft p99 500ms")]
    [InlineData("too few", "at least 7375", "account", "--requests", "3000", "--promise", "e2e p99.9 60s",
        "--tp", "8")]
    [InlineData("--kv", "bf16 or fp8", "account", "--kv", "fp4")]
    [InlineData("--router", "prefix-affinity", "simulate", "--router", "fastest")]
    [InlineData("--set everything", "vllm-requests", "validate", "--set", "everything")]
    [InlineData("--set mlperf", "measured/mlperf-llm-runs.csv is missing", "validate", "--data", ".", "--set",
        "mlperf")]
    [InlineData("--data /nowhere", "no such folder", "validate", "--data", "/nowhere")]
    [InlineData("--points -1", "at least 0", "validate", "--points", "-1")]
    [InlineData("--write-docs", "every set", "validate", "--data", ".", "--set", "kv-capacity",
        "--write-docs", "docs")]
    [InlineData("--nonsense", "--help", "account", "--nonsense", "1")]
    [InlineData("acount", "account, plan", "acount")]
    [InlineData("trace", "describe, fit, generate", "trace")]
    [InlineData("--requests 1e3", "a whole number", "account", "--requests", "1e3")]
    [InlineData("--seed -1", "at least 0", "account", "--seed", "-1")]
    [InlineData("--rate many", "expected a number", "account", "--rate", "many")]
    [InlineData("none.jsonl", "no such file", "account", "--workload", "none.jsonl")]
    [InlineData("colours", "accelerators, models, prices, workloads", "catalogue", "colours")]
    [InlineData("--batch-share 1.5", "0 to 0.99", "simulate", "--policy", "slack", "--batch-workload", "chat",
        "--batch-share", "1.5")]
    [InlineData("--batch-share 1:", "0 to 0.99", "simulate", "--policy", "slack", "--batch-workload", "chat",
        "--batch-share", "1")]
    [InlineData("--batch-window 0.001ms", "with the engine to itself", "simulate", "--batch-workload",
        "summarisation", "--batch-window", "1us")]
    [InlineData("--batch-share 0.2", "--policy slack", "simulate", "--batch-workload", "chat",
        "--batch-share", "0.2")]
    [InlineData("--batch-window 1s", "with the engine to itself", "simulate", "--batch-workload",
        "summarisation", "--batch-window", "1s")]
    [InlineData("--batch-window 1s", "in a full batch; expected at least", "account", "--window", "1s",
        "--tp", "8", "--requests", "1000")]
    [InlineData("--batch-workload .", "folder", "simulate", "--batch-workload", ".")]
    [InlineData("--batch-workload none.csv", "no such file", "account", "--batch-workload", "none.csv")]
    [InlineData("--batch-workload chat:tau=x", "tau=x", "account", "--batch-workload", "chat:tau=x")]
    [InlineData("a token every 0.1 ms", "of the median prompt takes", "simulate", "--policy", "slack",
        "--promise", "itl p99 0.1ms", "--tp", "8")]
    [InlineData("says nothing of the level", "limits such as", "simulate", "--level", "premium:")]
    [InlineData("--level default: reject", "--policy slack", "simulate", "--level",
        "default: ttft p95 1s, reject")]
    [InlineData("--batch-step 40ms", "--policy slack", "simulate", "--batch-step", "40ms")]
    [InlineData("--batch-rate", "--batch-workload", "account", "--batch-rate", "3")]
    [InlineData("--batch-rate", "--batch-workload with it", "simulate", "--batch-rate", "3")]
    [InlineData("--batch-step", "a level that is batch", "simulate", "--policy", "slack", "--batch-step",
        "1s")]
    [InlineData("--batch-rate 1000000", "at most", "simulate", "--batch-workload", "chat", "--batch-rate",
        "1000000")]
    [InlineData("come at once", "own, week or poisson", "simulate", "--batch-workload", "chat", "--arrivals",
        "at-once")]
    [InlineData("--batch-step 1us", "the shortest step of", "simulate", "--policy", "slack",
        "--batch-workload", "chat", "--batch-step", "1us")]
    [InlineData("a first token within 1 ms", "takes", "simulate", "--policy", "slack", "--promise",
        "ttft p95 1ms")]
    [InlineData("relegate", "a level that is", "simulate", "--policy", "slack", "--level",
        "default: ttft p95 1s, relegate")]
    [InlineData("--max-drafts", "--draft-acceptance with it", "simulate", "--policy", "slack", "--max-drafts",
        "3")]
    [InlineData("--draft-us", "--draft-acceptance with it", "simulate", "--policy", "slack", "--draft-us",
        "3")]
    [InlineData("--promise ttft p95 1s", "a promise of its own", "simulate", "--promise", "ttft p95 1s",
        "--level", "default: ttft p95 2s")]
    [InlineData("--batch-window: \"24\"", "no known unit", "account", "--batch-window", "24")]
    [InlineData("--draft-acceptance", "--policy slack", "simulate", "--draft-acceptance", "0.7")]
    [InlineData("--draft-acceptance 0.7,1.2", "0 to 1", "simulate", "--policy", "slack", "--draft-acceptance",
        "0.7,1.2")]
    [InlineData("--replicas four", "whole number", "simulate", "--replicas", "four")]
    [InlineData("--kv-transfer-gbps 1E-300", "0.001", "simulate", "--kv-transfer-gbps", "1e-300")]
    [InlineData("accelerator h10", "nearest: h100_sxm", "catalogue", "accelerators", "h10")]
    [InlineData("model Llama-9.9", "nearest: Llama", "catalogue", "models", "Llama-9.9")]
    [InlineData(".: is a folder", "expected a trace", "trace", "fit", ".")]
    [InlineData("nowhere.csv", "no such file", "trace", "describe", "nowhere.csv")]
    [InlineData("--workload .", "folder", "simulate", "--workload", ".")]
    [InlineData("--num-gpu-blocks", "5 blocks", "simulate", "--tp", "8", "--num-gpu-blocks", "5",
        "--workload", "rag")]
    public void It_is_said_in_one_line(string what, string expected, params string[] arguments)
    {
        PlimsollProcess.Run(arguments).ShouldBeRefused(what, expected);
    }

    [Theory]
    [InlineData("{ \"model_type\": \"llama\", ", "line")]
    [InlineData("[]", "JSON object")]
    [InlineData("{}", "model_type")]
    [InlineData("{ \"model_type\": \"mamba2\" }", "mamba2")]
    [InlineData("{ \"model_type\": \"llama\" }", "num_hidden_layers")]
    [InlineData("{ \"model_type\": \"llama\", \"num_hidden_layers\": -3 }", "num_hidden_layers")]
    [InlineData("{ \"model_type\": \"mixtral\", \"hidden_size\": 8, \"num_hidden_layers\": 2, "
        + "\"num_attention_heads\": 2, \"num_key_value_heads\": 2, \"intermediate_size\": 8, \"vocab_size\": "
        + "9, \"max_position_embeddings\": 99, \"num_local_experts\": 8, \"num_experts_per_tok\": 9 }",
        "9 of 8 experts")]
    public void A_config_that_is_no_model_is_refused(string config, string what)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("config.json", config);
        PlimsollProcess.Run("account", "--model", path).ShouldBeRefused(path, what);
    }

    [Fact]
    public void A_config_that_is_not_there_is_named()
    {
        PlimsollProcess.Run("account", "--model", "nowhere/config.json")
            .ShouldBeRefused("nowhere/config.json");
    }

    [Fact]
    public void Probes_side_by_side_give_one_line()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File(
            "t.jsonl",
            "{\"timestamp\": 0, \"input_length\": 1024, \"output_length\": 9, \"hash_ids\": [1, 2]}\n");
        var result = PlimsollProcess.Run("simulate", "--workload", path, "--block-size", "7", "--rate", "1");
        result.ShouldBeRefused("--block-size 7");
    }

    [Fact]
    public void A_folder_is_no_log()
    {
        using var folder = new TemporaryFolder();
        var result = PlimsollProcess.Run(
            "simulate", "--requests", "500", "--tp", "8", "--trace-out", folder.File("."));
        result.ShouldBeRefused("is a folder");
    }

    [Fact]
    public void An_unwritable_log_is_refused_and_leaves_nothing()
    {
        var result = PlimsollProcess.Run(
            "simulate", "--requests", "500", "--tp", "8", "--trace-out", "/nowhere/log.jsonl");
        result.ShouldBeRefused("/nowhere/log.jsonl");
        Directory.Exists("/nowhere").ShouldBeFalse();
    }
}
