using System.Net;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Access;

namespace Podvirt.Tests.Access;

public sealed class ExpiringSecretsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void ACode_WorksOnce()
    {
        var codes = new SignInCodes(_time);
        var code = codes.Issue();

        Assert.True(codes.Take(code));
        Assert.False(codes.Take(code));
    }

    [Fact]
    public void ACode_EndsAfterItsLifetime()
    {
        var codes = new SignInCodes(_time);
        var code = codes.Issue();
        _time.Advance(codes.Lifetime);

        Assert.False(codes.Take(code));
    }

    [Fact]
    public void ASession_LivesAsLongAsItIsUsed()
    {
        var sessions = new ConsoleSessions(_time);
        var session = sessions.Issue();
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(sessions.Lifetime - TimeSpan.FromMinutes(1));
            Assert.True(sessions.Renew(session));
        }
        _time.Advance(sessions.Lifetime);

        Assert.False(sessions.Renew(session));
    }

    [Fact]
    public void OneMoreThanIsKept_DisplacesTheOldest()
    {
        var codes = new SignInCodes(_time);
        var first = codes.Issue();
        _time.Advance(TimeSpan.FromSeconds(1));
        var later = Enumerable.Range(0, 100).Select(_ => codes.Issue()).ToList();

        Assert.False(codes.Take(first));
        Assert.All(later, code => Assert.True(codes.Take(code)));
    }

    [Fact]
    public void TenFailures_MakeAnAddressWait_AndNobodyElse()
    {
        var limiter = new AttemptLimiter(_time);
        for (var i = 0; i < AttemptLimiter.FailuresMax; i++)
        {
            Assert.Null(limiter.WaitFor(IPAddress.Loopback));
            limiter.Failed(IPAddress.Loopback);
        }

        Assert.Equal(TimeSpan.FromMinutes(1), limiter.WaitFor(IPAddress.Loopback));
        Assert.Null(limiter.WaitFor(IPAddress.IPv6Loopback));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(limiter.WaitFor(IPAddress.Loopback));
    }
}
