using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Access;
using Podvirt.Api;

namespace Podvirt.Tests.Access;

public sealed class SignInLimitsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly SignInLimits _limits;

    public SignInLimitsTests() => _limits = new SignInLimits(_time);

    [Fact]
    public void TenFailures_MakeAnAddressWait_AndNobodyElse()
    {
        Fail("192.0.2.1", SignInLimits.FailuresMax);

        Assert.Equal(TimeSpan.FromMinutes(1), WaitOf("192.0.2.1"));
        Assert.Null(WaitOf("192.0.2.2"));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(WaitOf("192.0.2.1"));
    }

    [Fact]
    public void Successes_DoNotCount()
    {
        for (var i = 0; i < 3 * SignInLimits.FailuresMax; i++)
        {
            _limits.Begin(From("192.0.2.1"), "ada@example.com").Succeeded();
        }

        Assert.Null(WaitOf("192.0.2.1", "ada@example.com"));
    }

    [Fact]
    public void ASuccess_DoesNotForgiveWhatFailedBefore()
    {
        Fail("192.0.2.1", SignInLimits.FailuresMax - 1);
        _limits.Begin(From("192.0.2.1")).Succeeded();
        Fail("192.0.2.1", 1);

        Assert.NotNull(WaitOf("192.0.2.1"));
    }

    [Fact]
    public void OneAccountTriedFromManyAddresses_HasToWait()
    {
        for (var i = 0; i < SignInLimits.EmailFailuresMax; i++)
        {
            _limits.Begin(From($"192.0.2.{i}"), "ada@example.com");
        }

        Assert.Equal(TimeSpan.FromMinutes(5), WaitOf("198.51.100.1", "ada@example.com"));
        Assert.Null(WaitOf("198.51.100.1", "grace@example.com"));
    }

    [Fact]
    public void AnIPv6Network_IsOneCaller()
    {
        for (var i = 0; i < SignInLimits.FailuresMax; i++)
        {
            _limits.Begin(From($"2001:db8:1:2::{i:x}"));
        }

        Assert.NotNull(WaitOf("2001:db8:1:2:ffff::1"));
        Assert.Null(WaitOf("2001:db8:1:3::1"));
    }

    private void Fail(string address, int times)
    {
        for (var i = 0; i < times; i++)
        {
            _limits.Begin(From(address));
        }
    }

    private TimeSpan? WaitOf(string address, string? email = null)
    {
        try
        {
            _limits.Begin(From(address), email);
            return null;
        }
        catch (ApiException refusal)
        {
            Assert.Equal(StatusCodes.Status429TooManyRequests, refusal.Status);
            return refusal.RetryAfter;
        }
    }

    private static DefaultHttpContext From(string address)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);
        return context;
    }
}
