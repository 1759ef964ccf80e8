using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>Real clients against a real server, surface by surface. docs/clients.md has the table of it.</summary>
[Collection(nameof(Alone))]
public sealed class ClientMatrixTests(ClientMatrix matrix) : IClassFixture<ClientMatrix>
{
    public static TheoryData<string, string, Column> Cells
    {
        get
        {
            var data = new TheoryData<string, string, Column>();
            foreach (var column in ClientTable.InOrderOfTrial)
            {
                foreach (var row in Row.Of(ApiClients.All(new NodeWorker())).Where(r => r.Has(column)))
                {
                    data.Add(row.Surface.Name, row.Client.Name, column);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task ClientOnSurface_BehavesAsItMust(string surface, string client, Column column)
    {
        var row = matrix.Rows.Single(r => r.Surface.Name == surface && r.Client.Name == client);
        Assert.NotEqual("", await matrix.CellAsync(row, column));
    }

    [Fact]
    public async Task Table_IsTheOneInTheDocs()
    {
        var seen = await ClientTable.SeenAsync(matrix);
        var folder = Directory.CreateDirectory(Path.Combine(Checkout.Root, "artifacts/tests"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "clients.md"), seen, TestContext.Current.CancellationToken);
        Assert.Equal(ClientTable.Documented(), seen);
    }

    [Fact(Explicit = true)]
    public async Task Table_IsWrittenToTheDocs()
    {
        var seen = await ClientTable.SeenAsync(matrix);
        Assert.DoesNotContain("failed:", seen, StringComparison.Ordinal);
        ClientTable.Write(seen);
    }
}
