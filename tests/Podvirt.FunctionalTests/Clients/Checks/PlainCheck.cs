using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Podvirt.FunctionalTests.Clients.Checks;

internal sealed class PlainCheck(MatrixServer server, Answers answers) : Check
{
    public override Column Column => Column.Plain;

    public override async Task<string> SeeAsync(Row row)
    {
        var answer = await answers.OfAsync(row, Way.Plain);
        Assert.Equal(1, answer.Seen.Parts);
        if (row.Surface.Name == "videos")
        {
            var file = await server.VideoAsync(answer.Record!);
            Assert.Equal($"{file.Length} bytes {Convert.ToHexStringLower(SHA256.HashData(file))}", answer.Seen.Text);
            Assert.Equal(["ftyp", "mdat", "moov"], BoxesOf(file).Order(StringComparer.Ordinal));
        }
        return Cells.Yes;
    }

    // Of an MP4 file: each has its length and its name.
    private static List<string> BoxesOf(byte[] file)
    {
        List<string> names = [];
        for (var at = 0; at < file.Length; at += (int)BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at)))
        {
            names.Add(Encoding.ASCII.GetString(file, at + 4, 4));
        }
        return names;
    }
}
