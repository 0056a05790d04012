// jTDS client: runs a session against HOST PORT. The session stands on standard input, one step a line:
// `wait SECONDS`, `batch SQL`, or `query TIMES|PARAMETER|...|SQL`; a first line `login USER APP DATABASE TDS`.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

public final class JtdsClient {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        String[] login = in.readLine().split("\t");
        String url = "jdbc:jtds:sqlserver://" + args[0] + ":" + args[1] + "/" + login[3] + ";TDS=8.0;appName=" + login[2];
        Class.forName("net.sourceforge.jtds.jdbc.Driver");
        try (Connection connection = DriverManager.getConnection(url, login[1], "Not-A-Secret-1")) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                run(connection, line.split("\t", -1));
            }
        }
    }

    private static void run(Connection connection, String[] step) throws Exception {
        if (step[0].equals("wait")) {
            Thread.sleep(Math.round(Double.parseDouble(step[1]) * 1000));
        } else if (step[0].equals("batch")) {
            try (Statement statement = connection.createStatement()) {
                drain(statement, statement.execute(step[2]));
            } catch (SQLException error) {
                if (!step[1].equals("fails")) {
                    throw error;
                }
            }
        } else {
            try (PreparedStatement statement = connection.prepareStatement(step[step.length - 1])) {
                for (int turn = 0; turn < Integer.parseInt(step[1]); turn++) {
                    for (int i = 2; i < step.length - 1; i++) {
                        statement.setString(i - 1, step[i]);
                    }
                    drain(statement, statement.execute());
                }
            }
        }
    }

    private static void drain(Statement statement, boolean rows) throws SQLException {
        while (rows && statement.getResultSet().next()) {
            // every row is read, so that the whole answer travels
        }
    }
}
