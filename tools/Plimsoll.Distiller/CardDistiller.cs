using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Timing;

namespace Plimsoll.Distiller;

/// <summary>All curves of one card and engine, and their errors.</summary>
static class CardDistiller
{
    public static EfficiencyCurves Distill(
        Card card, string engine, Dictionary<string, string> files, string kernels, TextWriter log)
    {
        if (engine == "vllm" && card.VllmPrefillOf is { } donor)
        {
            files["context_attention_perf"] = Card.All.Single(c => c.Key == donor)
                .Tables(kernels, engine)["context_attention_perf"];
        }
        var tables = files.ToDictionary(f => f.Key, f => KernelTable.Read(f.Value));
        log.WriteLine($"{card.Key} {engine}");
        var products = ProductTables.Of(card, engine, kernels, log);
        var gemm = GemmDistiller.Distill(products, card.Peak);
        log.WriteLine($"  gemm               {GemmDistiller.Check(products, card.Peak, gemm)}");
        var decodeRows = AttentionDistiller.Read(tables["generation_attention_perf"], decode: true);
        var decode = AttentionDistiller.Decode(decodeRows, card);
        log.WriteLine($"  decode attention   {AttentionDistiller.CheckDecode(decodeRows, card, decode)}");
        var prefillRows = PlausiblePrefill(tables["context_attention_perf"], card, log);
        var mixes = engine == "vllm" && card.FlashAttention2;
        var prefill = AttentionDistiller.Prefill(prefillRows, mixes ? EngineProfiles.FlashAttention2Rows : 0);
        log.WriteLine($"  prefill attention  {AttentionDistiller.CheckPrefill(prefillRows, prefill)}");
        var moe = tables.TryGetValue("moe_perf", out var moeTable)
            ? MoeDistiller.Distill(moeTable, card.Peak)
            : [];
        if (moeTable is not null)
        {
            log.WriteLine($"  experts            {MoeDistiller.Check(moeTable, card.Peak, moe)}");
        }
        string[] sources = [.. tables.Values.Select(t => $"ai-dynamo/aiconfigurator (Apache-2.0) {t.Name}")];
        if (engine == "vllm" && EngineProfiles.Read(card, kernels) is { Count: > 0 } profiles)
        {
            gemm = EngineProfiles.Middle(gemm, profiles, card, log);
            decode = EngineProfiles.Replace(decode, profiles, card);
            prefill =
                EngineProfiles.Replace(prefill, profiles, mixes ? EngineProfiles.FlashAttention2Rows : 0);
            EngineProfiles.CheckMixed(prefill, profiles, log);
            sources = [.. sources, EngineProfiles.SourceOf(card)];
        }
        return new EfficiencyCurves
        {
            Accelerator = card.Key,
            Engine = engine,
            EngineVersion = Version(tables["gemm_perf"]),
            Tier = Tier.Kernels,
            Sources = sources,
            Peak = card.Peak,
            CacheMegabytes = card.CacheMegabytes,
            Gemm = gemm,
            DecodeAttention = decode,
            PrefillAttention = prefill,
            AllReduce = AllReduceDistiller.Distill(card, engine, kernels),
            Moe = moe,
        };
    }

    /// <summary>Prompt rows less every head layout of which some row beats the chip's peak.</summary>
    static List<AttentionRow> PlausiblePrefill(KernelTable table, Card card, TextWriter log)
    {
        var rows = AttentionDistiller.Read(table, decode: false);
        var read = rows.Count;
        var broken = rows.Where(r => AttentionDistiller.BeatsPeak(r, card.Peak))
            .Select(r => (r.HeadDim, r.Kv, r.Heads, r.KvHeads)).ToHashSet();
        rows.RemoveAll(r => broken.Contains((r.HeadDim, r.Kv, r.Heads, r.KvHeads)));
        if (rows.Count < read)
        {
            log.WriteLine($"  prefill attention  {read - rows.Count} of {read} rows beat the peak: left out");
        }
        return rows;
    }

    static string Version(KernelTable table) => table.Name.Split("__")[1].Split('_')[1];
}
