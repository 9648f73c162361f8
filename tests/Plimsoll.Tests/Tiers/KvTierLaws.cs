using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Planning.Simulation.Tiers;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tiers;

public sealed class KvTierLaws
{
    /// <summary>Prompts as chains of keys: a document and how far one reads it.</summary>
    static readonly Gen<ulong[][]> Prompts = Gen.Select(Gen.Int[0, 5], Gen.Int[1, 8])
        .Select((document, blocks) => Enumerable.Range(1, blocks)
            .Select(block => (ulong)((100 * document) + block)).ToArray()).Array[1, 120];

    /// <summary>The hit curve over sizes is that of a plain list, the oldest put out first.</summary>
    [Fact]
    public void One_tier_hits_what_a_plain_lru_does() => Prompts.Sample(prompts =>
    {
        for (var size = 1; size <= 48; size += 3)
        {
            var store = new KvTierStore(size);
            var plain = new List<ulong>();
            foreach (var keys in prompts)
            {
                store.Leading(keys).ShouldBe(keys.TakeWhile(plain.Contains).Count());
                store.Use(keys);
                foreach (var key in keys.Take(size).Reverse())
                {
                    if (!plain.Remove(key) && plain.Count == size)
                        plain.RemoveAt(0);
                    plain.Add(key);
                }
                store.Count.ShouldBe(plain.Count);
            }
        }
    });

    /// <summary>Nothing is lost on the way down.</summary>
    [Fact]
    public void What_is_put_out_is_told() => Prompts.Sample(prompts =>
    {
        var store = new KvTierStore(7);
        var below = new HashSet<ulong>();
        foreach (var keys in prompts)
        {
            store.Use(keys, key => below.Add(key));
            keys.Take(7).All(store.Holds).ShouldBeTrue();
        }
        prompts.SelectMany(keys => keys.Take(7))
            .All(key => store.Holds(key) || below.Contains(key)).ShouldBeTrue();
    });
}
