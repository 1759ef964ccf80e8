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
    public void OneMoreThanIsKept_DisplacesTheOldest()
    {
        var codes = new SignInCodes(_time);
        var first = codes.Issue();
        _time.Advance(TimeSpan.FromSeconds(1));
        var later = Enumerable.Range(0, 100).Select(_ => codes.Issue()).ToList();

        Assert.False(codes.Take(first));
        Assert.All(later, code => Assert.True(codes.Take(code)));
    }
}
