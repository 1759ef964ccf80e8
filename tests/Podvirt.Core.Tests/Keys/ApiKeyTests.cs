using System.Text;
using Podvirt.Core.Keys;

namespace Podvirt.Core.Tests.Keys;

public sealed class ApiKeyTests
{
    private static readonly DateTimeOffset s_now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    public void Hash_IsSha256InLowerCaseHex(string secret, string expected) => Assert.Equal(expected, ApiKey.HashOf(Encoding.UTF8.GetBytes(secret)));

    [Theory]
    [InlineData("", "")]
    [InlineData("a", "")]
    [InlineData("abcdef", "abc")]
    [InlineData("abcdefghijkl", "abcdef")]
    [InlineData("abcdefghijklm", "abcdefgh")]
    [InlineData("pv-AbCdEfGhIjKlMnOpQrStUvWxYz", "pv-AbCdE")]
    public void Prefix_NeverShowsMoreThanHalfOfTheSecret(string secret, string expected)
    {
        Assert.Equal(expected, ApiKey.PrefixOf(secret));
        Assert.True(expected.Length * 2 <= secret.Length + 3);
    }

    [Fact]
    public void NewSecrets_AreLongRecognisableAndDifferent()
    {
        var secrets = Enumerable.Range(0, 100).Select(_ => ApiKey.NewSecret()).ToList();
        Assert.Equal(100, secrets.Distinct(StringComparer.Ordinal).Count());
        Assert.All(secrets, s => Assert.Matches("^pv-[A-Za-z0-9_-]{43}$", s));
    }

    [Fact]
    public void KeyWithoutEnd_IsUsable() => Assert.True(NewKey(expires: null).IsUsableAt(s_now));

    [Theory]
    [InlineData(1, true)]
    [InlineData(0, false)]
    [InlineData(-1, false)]
    public void ExpiringKey_IsUsableUntilItsMoment(long ticksLeft, bool expected) =>
        Assert.Equal(expected, NewKey(s_now.AddTicks(ticksLeft)).IsUsableAt(s_now));

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void RevokedKey_IsNeverUsable(int hours) =>
        Assert.False((NewKey(expires: null) with { RevokedAt = s_now.AddHours(hours) }).IsUsableAt(s_now));

    private static ApiKey NewKey(DateTimeOffset? expires) => new()
    {
        Id = "k",
        Name = "n",
        Prefix = "pv-AbCdE",
        Hash = "",
        Project = "default",
        CreatedAt = s_now.AddDays(-1),
        ExpiresAt = expires,
    };
}
