using System.Linq;
using Plimsoll.Planning.Validation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Validation;

/// <summary>Over every model of the catalogue that eight accelerators can split.</summary>
public sealed class CatalogueLawTests
{
    /// <summary>
    /// Exceptions are measured ones: kernels of a format or a card that are slower in the tables of
    /// <c>data/steptime</c>. They lie with products, experts, attention and collectives, in no case with a
    /// term that is computed here, and none is twice as slow.
    /// </summary>
    [Fact]
    public void Exceptions_are_measured()
    {
        var checks = CatalogueLaws.All();
        checks.Count.ShouldBeGreaterThan(5000);
        var broken = checks.Where(check => !check.Holds).ToList();
        broken.ShouldNotContain(check => check.Law == CatalogueLaws.Doubled);
        foreach (var check in broken)
        {
            check.Ratio.ShouldBeLessThan(2, check.What);
            new[] { "products", "experts", "communication", "prefill attention", "decode attention" }
                .ShouldContain(check.Why.Split(" +")[0], $"{check.What}: {check.Why}");
        }
        broken.Count(check => check.Law == CatalogueLaws.Newer).ShouldBeLessThan(300);
        broken.Count(check => check.Law == CatalogueLaws.Narrower).ShouldBeLessThan(950);
    }
}
