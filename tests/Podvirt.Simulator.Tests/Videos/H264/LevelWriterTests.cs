using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Tests.Videos.H264;

public sealed class LevelWriterTests
{
    /// <summary>A wrong digit in a table of variable length codes makes two of them look alike.</summary>
    [Fact]
    public void NoCode_BeginsAnotherOfItsTable()
    {
        Code[][] tables = [LevelTables.LumaToken, LevelTables.ChromaToken, .. LevelTables.LumaZeros, .. LevelTables.ChromaZeros, .. LevelTables.RunBefore];
        foreach (var table in tables)
        {
            var codes = table.Where(code => code.Length > 0).Select(code => Convert.ToString(code.Bits, 2).PadLeft(code.Length, '0')).ToList();
            Assert.All(codes, code => Assert.Single(codes, other => other.StartsWith(code, StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(40)]
    [InlineData(2_000)]
    public void Levels_ReadBackAsTheyWere(int largest)
    {
        var random = new Random(largest);
        for (var i = 0; i < 2_000; i++)
        {
            var share = random.NextDouble();
            var luma = Levels(16);
            var chroma = Levels(4);
            var bits = new BitWriter();
            LevelWriter.WriteLuma(bits, luma);
            LevelWriter.WriteChroma(bits, chroma);
            bits.Finish();
            var reader = new BitReader(NalUnit.Escape(bits.Written));
            Assert.Equal(luma, LevelReader.Luma(reader));
            Assert.Equal(chroma, LevelReader.Chroma(reader));
            Assert.False(reader.HasMore);

            int[] Levels(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() < share ? random.Next(-largest, largest + 1) : 0)];
        }
    }
}
