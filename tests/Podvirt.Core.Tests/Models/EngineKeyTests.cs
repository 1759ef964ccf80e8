using Podvirt.Core.Models;

namespace Podvirt.Core.Tests.Models;

public sealed class EngineKeyTests
{
    [Theory]
    [InlineData(null, "", true)]
    [InlineData("", "", true)]
    [InlineData(" \r\n", "", true)]
    [InlineData("sk-1~!", "sk-1~!", true)]
    [InlineData("\t sk-1\r\n", "sk-1", true)]
    [InlineData("sk-1\nsk-2", "sk-1\nsk-2", false)]
    [InlineData("sk-1\r\nX-Admin: 1", "sk-1\r\nX-Admin: 1", false)]
    [InlineData("sk 1", "sk 1", false)]
    [InlineData("sk-\u0000", "sk-\u0000", false)]
    [InlineData("sk-\u007F", "sk-\u007F", false)]
    [InlineData("schlüssel", "schlüssel", false)]
    public void Key_IsReadWithoutWhatStandsAround_AndUsableWhereItIsOneWord(string? value, string key, bool isUsable)
    {
        Assert.Equal(key, EngineKey.Read(value));
        Assert.Equal(isUsable, EngineKey.IsUsable(EngineKey.Read(value)));
    }
}
