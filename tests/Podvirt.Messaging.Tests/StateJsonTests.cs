using System.Text;
using System.Text.Json;

namespace Podvirt.Messaging.Tests;

public sealed class StateJsonTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(10_000)]
    [InlineData(50_000)]
    public void Value_OfAnyLength_IsReadAsItWas(int count)
    {
        string[] names = [.. Enumerable.Range(0, count).Select(n => $"a name as long as names of models are: {n}")];

        Assert.Equal(names, Stored(StateJson.ToBytes(names)).Read<string[]>());
    }

    [Fact]
    public void LongValue_IsStoredInLess()
    {
        string[] names = [.. Enumerable.Range(0, 50_000).Select(n => $"a name as long as names of models are: {n}")];

        Assert.InRange(StateJson.ToBytes(names).Length, 1, StateKeys.ValueBytesMax);
    }

    [Fact]
    public void ShortValue_StaysReadable() => Assert.Equal("[\"a\"]", Encoding.UTF8.GetString(StateJson.ToBytes<string[]>(["a"]).Span));

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("")]
    public void OtherBytes_AreRefused(string stored) =>
        Assert.Throws<JsonException>(() => Stored(Encoding.UTF8.GetBytes(stored)).Read<string[]>());

    private static StateEntry Stored(ReadOnlyMemory<byte> value) => new("names", value, Revision: 1);
}
