// What a SQL text needs from its first byte to its last.
#pragma once

#include <querytap/sql/fingerprint.h>
#include <querytap/sql/normaliser.h>
#include <querytap/sql/statement_class.h>

namespace querytap::pipeline {

struct SqlReader {
    // Its own, so that a pool does not write zeros over 16 KB before the members begin.
    SqlReader() noexcept {}

    sql::Normaliser normaliser;
    sql::Fingerprint shape;
    sql::StatementClassifier classes;  ///< fed where a policy asks for it
};

}  // namespace querytap::pipeline
