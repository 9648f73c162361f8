using System;
using Microsoft.Extensions.Time.Testing;
using Plimsoll.Server.Configuration;
using Plimsoll.Server.Tenants;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class TenantTests
{
    [Fact]
    public void A_key_opens_what_its_hash_allows_and_nothing_else()
    {
        var (key, id, hash) = KeyHash.Create();
        hash.ShouldNotContain(key[^20..]);
        var ring = new KeyRing([new KeyConfig { Tenant = "a", Id = id, Hash = hash }], TimeProvider.System);
        ring.Find($"Bearer {key}")!.Name.ShouldBe("a");
        ring.Find($"Bearer {key}")!.Name.ShouldBe("a");
        ring.Find($"Bearer {key}0").ShouldBeNull();
        ring.Find($"Bearer plm-{id}-").ShouldBeNull();
        ring.Find($"Basic {key}").ShouldBeNull();
        ring.Find("Bearer ").ShouldBeNull();
        ring.Find(null).ShouldBeNull();
    }

    [Theory]
    [InlineData("pbkdf2-sha256$0$AAAA$AAAA")]
    [InlineData("pbkdf2-sha256$999999999$AAAA$AAAA")]
    [InlineData("md5$1$AAAA$AAAA")]
    [InlineData("pbkdf2-sha256$1$!$!")]
    [InlineData("")]
    public void A_hash_that_is_none_matches_nothing(string hash) =>
        KeyHash.Matches("secret", hash).ShouldBeFalse();

    [Fact]
    public void Wrong_secrets_are_not_hashed_for_ever()
    {
        var (key, id, hash) = KeyHash.Create();
        var time = new FakeTimeProvider();
        var ring = new KeyRing([new KeyConfig { Tenant = "a", Id = id, Hash = hash }], time);
        for (var i = 0; i < 20; i++)
            ring.Find($"Bearer plm-{id}-wrong{i}").ShouldBeNull();
        ring.Find($"Bearer {key}").ShouldBeNull();
        time.Advance(TimeSpan.FromSeconds(1));
        ring.Find($"Bearer {key}").ShouldNotBeNull();
    }

    [Fact]
    public void Rate_limits_refill_by_the_minute()
    {
        var time = new FakeTimeProvider();
        var limits = new RateLimits(time);
        var tenant = new Tenant("a", "k", new KeyConfig { RequestsPerMinute = 2, TokensPerMinute = 1000 });
        limits.Take(tenant, 400).RetryAfter.ShouldBeNull();
        var second = limits.Take(tenant, 400);
        second.RetryAfter.ShouldBeNull();
        second.Requests!.Value.Remaining.ShouldBe(0);
        second.Tokens!.Value.Remaining.ShouldBe(200);
        limits.Take(tenant, 1).RetryAfter!.Value.TotalSeconds.ShouldBe(30, 0.1);
        time.Advance(TimeSpan.FromSeconds(31));
        limits.Take(tenant, 900).RetryAfter!.Value.TotalSeconds.ShouldBeGreaterThan(5);
        limits.GiveBack(tenant, 600);
        limits.Take(tenant, 900).RetryAfter.ShouldBeNull();
    }

    [Fact]
    public void Who_has_no_limit_meets_none() =>
        new RateLimits(TimeProvider.System).Take(Tenant.Local, long.MaxValue / 4).ShouldBe(default);
}
