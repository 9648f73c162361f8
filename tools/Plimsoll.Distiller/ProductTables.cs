using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Plimsoll.Distiller;

/// <summary>
/// The products of a card under an engine, each format from the table that times its kernels.
/// </summary>
sealed class ProductTables(string engine, string kernels)
{
    const string SixteenBits = "bfloat16";

    readonly Dictionary<string, KernelTable> _tables = [];

    public static IReadOnlyList<ProductTimes> Of(
        Card card, string engine, string kernels, TextWriter log) =>
        new ProductTables(engine, kernels).Of(card, log);

    IReadOnlyList<ProductTimes> Of(Card card, TextWriter log)
    {
        var products = Repaired(card, log);
        if (card.Predecessor is { } key)
        {
            var before = Repaired(Card.All.Single(c => c.Key == key), TextWriter.Null);
            foreach (var (name, times) in products)
            {
                if (before.TryGetValue(name, out var predecessor))
                {
                    Tell(log, name, key, ProductRepair.FromPredecessor(times, predecessor));
                }
            }
        }
        return [.. products.Values];
    }

    Dictionary<string, ProductTimes> Repaired(Card card, TextWriter log)
    {
        var fuses = engine == "trtllm";
        var products = new Dictionary<string, ProductTimes>();
        foreach (var (name, _, _) in ProductTimes.Formats)
        {
            if ((Read(card, Source(name), name, fuses) ?? Read(card, engine, name, fuses)) is not { } source)
            {
                continue;
            }
            if (products.TryGetValue(SixteenBits, out var plain)
                && ProductRepair.SlowerThanSixteenBits(source, plain) is { Count: > 0 } slower)
            {
                log.WriteLine($"  gemm {name}: slower than 16 bits, and kept, at {Rows(slower)}");
            }
            var pieces = ProductRepair.InPieces(source);
            if (pieces > 0)
            {
                log.WriteLine($"  gemm {name}: {pieces} of {source.Ns.Count} in pieces of fewer rows");
            }
            products[name] = source;
        }
        return products;
    }

    /// <summary>
    /// Both engines call the same libraries for block-scaled and for FP4 products, but a table may add a
    /// quantising kernel launched apart: vLLM's to block-scaled ones (7 µs at a depth of 2,048 and 15 at
    /// 7,168), TensorRT-LLM's to FP4. Each is taken from the other.
    /// </summary>
    string Source(string name) => name switch
    {
        "fp8_block" => "trtllm",
        "nvfp4" => "vllm",
        _ => engine,
    };

    ProductTimes? Read(Card card, string from, string name, bool fusesQuantising)
    {
        if (!card.Tables(kernels, from).TryGetValue("gemm_perf", out var file))
        {
            return null;
        }
        if (!_tables.TryGetValue(file, out var table))
        {
            _tables[file] = table = KernelTable.Read(file);
        }
        var times = ProductTimes.Read(table, name, card.Peak, fusesQuantising);
        return times.Ns.Count > 0 ? times : null;
    }

    static void Tell(TextWriter log, string name, string from, IReadOnlyList<int> rows)
    {
        if (rows.Count > 0)
        {
            log.WriteLine($"  gemm {name}: from {from} at {Rows(rows)}, far above it");
        }
    }

    static string Rows(IReadOnlyList<int> rows) => $"{string.Join(", ", rows)} rows";
}
