using Podvirt.Configuration;

namespace Podvirt.Tests.Configuration;

public sealed class QuantitiesTests
{
    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("60s", 60_000)]
    [InlineData("15m", 900_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1.5s", 1500)]
    [InlineData("2d", 172_800_000)]
    [InlineData("0s", 0)]
    public void ADuration_IsRead(string text, double milliseconds)
    {
        Assert.True(Quantities.TryParseDuration(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("60")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1 s")]
    [InlineData("30m1h")]
    [InlineData("1s1s")]
    [InlineData("1.2.3s")]
    [InlineData("1w")]
    [InlineData("99999999999s")]
    public void WhatIsNoDuration_IsRefused(string text) => Assert.False(Quantities.TryParseDuration(text, out _));

    [Theory]
    [InlineData("20GiB", 20L << 30)]
    [InlineData("512MiB", 512L << 20)]
    [InlineData("1.5TiB", 3L << 39)]
    [InlineData("16 KiB", 16L << 10)]
    [InlineData("7B", 7)]
    public void AnAmountOfMemory_IsRead(string text, long bytes)
    {
        Assert.True(Quantities.TryParseMemory(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("20")]
    [InlineData("20GB")]
    [InlineData("20gib")]
    [InlineData("-1GiB")]
    [InlineData("GiB")]
    [InlineData("999999999TiB")]
    public void WhatIsNoAmountOfMemory_IsRefused(string text) => Assert.False(Quantities.TryParseMemory(text, out _));

    [Theory]
    [InlineData("1h30m")]
    [InlineData("250ms")]
    [InlineData("1d")]
    public void AFormattedDuration_ReadsBack(string text)
    {
        Assert.True(Quantities.TryParseDuration(text, out var duration));
        Assert.Equal(text, Quantities.Format(duration));
    }

    [Theory]
    [InlineData(20L << 30, "20GiB")]
    [InlineData(3L << 29, "1.5GiB")]
    [InlineData(1000, "1000B")]
    [InlineData(0, "0B")]
    public void Memory_IsFormatted(long bytes, string text) => Assert.Equal(text, Quantities.FormatMemory(bytes));

    [Theory]
    [InlineData("modles", "models")]
    [InlineData("memroy", "memory")]
    [InlineData("pric", "price")]
    [InlineData("zzzzzz", null)]
    public void ATypingMistake_IsUnderstood(string word, string? meant) => Assert.Equal(meant, Suggestion.For(word, ["models", "memory", "price"]));
}
